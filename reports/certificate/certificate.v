(* Written by symcnn 0.1.0. To check it: coqc, of Coq 8.16 or later, with Coquelicot.

What is claimed stands in three places: the functions that the formulas use, right below ("What formulas use"); the
network's formulas ("The specification"); the theorems, at the end. All else is proof, which Coq reads. *)

From Coq Require Import FunctionalExtensionality Reals QArith Qreals List Bool Lra Lia.
From Coq Require micromega.EnvRing micromega.RMicromega micromega.OrderedRing micromega.RingMicromega.
From Coquelicot Require Import Coquelicot.
Import ListNotations.
Open Scope R_scope.

(* ===== What formulas use ===== *)

Definition sigmoid z := / (1 + exp (- z)).
Definition relu z := if Rlt_dec 0 z then z else 0.
Definition leaky_relu z := if Rlt_dec 0 z then z else z / 100.

(* The logarithm as the integral of 1/t from 1 to x (log_is_ln below: it is the library's ln, which needs one more axiom). *)
Definition log (x : R) : R := RInt Rinv 1 x.
Definition softplus z := log (1 + exp z).

(* above where y is positive, else below *)
Definition gate y above below : R := if Rlt_dec 0 y then above else below.

(* 1 where the value is the largest and none before it is, else 0 *)
Fixpoint wins value largest (before : list R) : R := match before with
| [] => if Req_EM_T value largest then 1 else 0
| x :: before => if Req_EM_T x largest then 0 else wins value largest before
end.

(* Parameters, pixels with targets, and the cells of a map are families of real numbers, told apart by a number.
   moved q n s: the same family, but s has the place n. listed n [x; y]: x has the place n, y the next. *)
Definition moved (q : positive -> R) n s : positive -> R := fun m => if Pos.eqb m n then s else q m.
Fixpoint listed (first : positive) (l : list R) n := match l with
| [] => 0 | x :: l => if Pos.eqb n first then x else listed (Pos.succ first) l n
end.

Fixpoint summed (f : (positive -> R) -> R) (l : list (positive -> R)) := match l with
| [] => 0 | x :: l => f x + summed f l
end.

(* P holds of q, and still does where the place n has a number near that which it has in q *)
Definition near (P : (positive -> R) -> Prop) (q : positive -> R) (n : positive) :=
  exists eps : posreal, forall s, Rabs (s - q n) < eps -> P (moved q n s).

(* x, an argument of a relu, is not 0 at q, or it stays 0 where the place n moves a little *)
Definition off_kink (q : positive -> R) n (x : (positive -> R) -> R) := x q <> 0 \/ near (fun q' => x q' = 0) q n.

(* one of the window is larger at q than each other, or stays equal to it where the place n moves a little *)
Definition settled (q : positive -> R) n (window : list ((positive -> R) -> R)) :=
  exists m, In m window /\ forall x, In x window -> x q < m q \/ near (fun q' => x q' = m q') q n.

(* ===== Formulas as terms ===== *)

(* Quantities are told apart by numbers: V u is a quantity, A u the derivative of E by it. *)

Definition env := positive -> R.

Inductive func := Sigmoid | Tanh | Exp | Log | Inverse | Softplus | Relu | Leaky.
Definition apply f := match f with
| Sigmoid => sigmoid | Tanh => tanh | Exp => exp | Log => log | Inverse => Rinv | Softplus => softplus
| Relu => relu | Leaky => leaky_relu
end.

(* a candidate of a maximum and its weight, 1 for the first that reaches it, else 0; or a number *)
Inductive cell := Cell (u weight : positive) | Given (n : Z) (d : positive).
Definition number n d := match d with xH => IZR n | _ => IZR n / IZR (Zpos d) end.
Definition cell_value (v : env) c := match c with Cell u _ => v u | Given n d => number n d end.
Fixpoint largest v x (l : list cell) := match l with [] => x | c :: l => largest v (Rmax x (cell_value v c)) l end.

Inductive expr :=
| V (u : positive) | A (u : positive) | Num (n : Z) | Over (x : expr) (n : positive)
| Add (x y : expr) | Sub (x y : expr) | Mul (x y : expr) | Opp (x : expr) | Pow (x : expr) (n : nat)
| Fn (f : func) (c s : positive) (x : expr)
| Largest (c : positive) (first : cell) (others : list cell).

Fixpoint eval (v a : env) e := match e with
| V u => v u | A u => a u | Num n => IZR n
| Over x n => eval v a x / IZR (Zpos n)
| Add x y => eval v a x + eval v a y
| Sub x y => eval v a x - eval v a y
| Mul x y => eval v a x * eval v a y
| Opp x => - eval v a x
| Pow x n => eval v a x ^ n
| Fn f _ _ x => apply f (eval v a x)
| Largest _ x l => largest v (cell_value v x) l
end.

(* the same with the name of each call's value in its place *)
Fixpoint named (v a : env) e := match e with
| V u => v u | A u => a u | Num n => IZR n
| Over x n => named v a x / IZR (Zpos n)
| Add x y => named v a x + named v a y
| Sub x y => named v a x - named v a y
| Mul x y => named v a x * named v a y
| Opp x => - named v a x
| Pow x n => named v a x ^ n
| Fn _ c _ _ => v c
| Largest c _ _ => v c
end.

Definition slope f c s := match f with
| Sigmoid => Mul (V c) (Sub (Num 1) (V c))
| Tanh => Sub (Num 1) (Mul (V c) (V c))
| Exp => V c
| Inverse => Opp (V s)
| Log => V s | Softplus => V s | Relu => V s | Leaky => V s
end.

Fixpoint cells_tangent (v d : env) (l : list cell) := match l with
| [] => 0 | Cell u w :: l => v w * d u + cells_tangent v d l | Given _ _ :: l => cells_tangent v d l
end.
Fixpoint tangent (v a d : env) e := match e with
| V u => d u | A _ => 0 | Num _ => 0
| Over x n => tangent v a d x / IZR (Zpos n)
| Add x y => tangent v a d x + tangent v a d y
| Sub x y => tangent v a d x - tangent v a d y
| Mul x y => tangent v a d x * eval v a y + eval v a x * tangent v a d y
| Opp x => - tangent v a d x
| Pow x n => IZR (Z.of_nat n) * eval v a x ^ pred n * tangent v a d x
| Fn f c s x => named v a (slope f c s) * tangent v a d x
| Largest _ x l => cells_tangent v d (x :: l)
end.

(* What must hold, a chain of conjunctions. [along P]: the quantities have P at the point and near it. *)
Section Conditions.
Variables (along : (env -> Prop) -> Prop) (v a : env).
Definition kinkless e := eval v a e <> 0 \/ along (fun v' => eval v' a e = 0).
Definition holds f e c s (rest : Prop) : Prop := match f with
| Log => 0 < eval v a e /\ s = / eval v a e /\ rest
| Inverse => eval v a e <> 0 /\ s = / eval v a e ^ 2 /\ rest
| Softplus => s = sigmoid (eval v a e) /\ rest
| Relu => kinkless e /\ s = gate c 1 0 /\ rest
| Leaky => kinkless e /\ s = gate c 1 (1 / 100) /\ rest
| _ => rest
end.
Fixpoint weights most (before : list R) (l : list cell) (rest : Prop) : Prop := match l with
| [] => rest
| Cell u w :: l => v w = wins (v u) most before /\ weights most (before ++ [v u]) l rest
| Given n d :: l => weights most (before ++ [number n d]) l rest
end.
Definition winner (l : list cell) := exists m, In m l /\ forall x, In x l ->
  cell_value v x < cell_value v m \/ along (fun v' => cell_value v' x = cell_value v' m).
Fixpoint conditions e (rest : Prop) : Prop := match e with
| V _ => rest | A _ => rest | Num _ => rest
| Over x _ => conditions x rest
| Opp x => conditions x rest
| Pow x _ => conditions x rest
| Add x y => conditions x (conditions y rest)
| Sub x y => conditions x (conditions y rest)
| Mul x y => conditions x (conditions y rest)
| Fn f c s x => conditions x (v c = apply f (eval v a x) /\ holds f x (v c) (v s) rest)
| Largest c x l => v c = largest v (cell_value v x) l /\ winner (x :: l) /\ weights (v c) [] (x :: l) rest
end.

Lemma holds_rest f x c s rest : holds f x c s rest -> rest.
Proof. destruct f; simpl; tauto. Qed.
Lemma weights_rest most l rest : forall before, weights most before l rest -> rest.
Proof. induction l as [|[u w | n d] l IH]; simpl; intros before H; [exact H | destruct H as [_ H] |];
  eapply IH, H. Qed.
Lemma conditions_rest e : forall rest, conditions e rest -> rest.
Proof.
induction e; simpl; intros rest H; try exact H; try exact (IHe _ H); try exact (IHe2 _ (IHe1 _ H)).
- apply IHe in H; destruct H as [_ H]; exact (holds_rest _ _ _ _ _ H).
- destruct H as [_ [_ H]]; exact (weights_rest (v c) (first :: others) rest [] H).
Qed.

Lemma conditions_named e : forall rest, conditions e rest -> named v a e = eval v a e.
Proof.
induction e; simpl; intros rest H; try reflexivity;
try (rewrite (IHe1 _ H), (IHe2 _ (conditions_rest _ _ H)); reflexivity); try (rewrite (IHe _ H); reflexivity).
- apply conditions_rest in H; exact (proj1 H).
- exact (proj1 H).
Qed.

Lemma weights_weak most l (rest rest' : Prop) : (rest -> rest') -> forall before, weights most before l rest ->
  weights most before l rest'.
Proof. intro H; induction l as [|[u w | n d] l IH]; simpl; intros before C; auto; destruct C; auto. Qed.
Lemma conditions_weak e : forall rest rest' : Prop, (rest -> rest') -> conditions e rest -> conditions e rest'.
Proof.
induction e; simpl; intros rest rest' H C; auto; try (eapply IHe1; [| exact C]; apply IHe2, H); try (eapply IHe;
  [| exact C]; auto).
- intros [E F]; split; [exact E |]; destruct f; simpl in *; intuition.
- destruct C as [E [F C]]; split; [exact E |]; split; [exact F |];
  exact (weights_weak (v c) (first :: others) _ _ H [] C).
Qed.
End Conditions.

Lemma conditions_along (near' along : (env -> Prop) -> Prop) v a : (forall P, near' P -> along P) ->
  forall e rest, conditions near' v a e rest -> conditions along v a e rest.
Proof.
intros L e; induction e; simpl; intros rest H; auto; try (apply IHe1; revert H; apply conditions_weak; apply IHe2).
- apply IHe in H; revert H; apply conditions_weak; intros [E F]; split; [exact E |].
  destruct f; simpl in *; unfold kinkless in *; intuition.
- destruct H as [E [[m [I W]] F]]; split; [exact E |]; split; [| exact F].
  exists m; split; [exact I |]; intros x X; destruct (W x X); auto.
Qed.

Definition edges := list (positive * expr).
Fixpoint back_cells (l : list cell) up : edges := match l with
| [] => [] | Cell u w :: l => (u, Mul up (V w)) :: back_cells l up | Given _ _ :: l => back_cells l up
end.
Fixpoint back e up : edges := match e with
| V u => [(u, up)] | A _ => [] | Num _ => []
| Over x n => back x (Over up n)
| Add x y => back x up ++ back y up
| Sub x y => back x up ++ back y (Opp up)
| Mul x y => back x (Mul up y) ++ back y (Mul up x)
| Opp x => back x (Opp up)
| Pow x n => back x (Mul up (Mul (Num (Z.of_nat n)) (Pow x (pred n))))
| Fn f c s x => back x (Mul up (slope f c s))
| Largest _ x l => back_cells (x :: l) up
end.

Fixpoint total (v a d : env) (l : edges) := match l with
| [] => 0
| (u, j) :: l => named v a j * d u + total v a d l
end.

Lemma total_app v a d l m : total v a d (l ++ m) = total v a d l + total v a d m.
Proof. induction l as [|[u j] l IH]; simpl; [ring | rewrite IH; ring]. Qed.

Lemma back_cells_total v a d l up : total v a d (back_cells l up) = named v a up * cells_tangent v d l.
Proof. induction l as [|[u w | n d'] l IH]; simpl; rewrite ?IH; simpl; ring. Qed.
Lemma back_total along v a d e : forall up rest, conditions along v a e rest ->
  total v a d (back e up) = named v a up * tangent v a d e.
Proof.
induction e; intros up rest H; simpl in *; try (rewrite (IHe _ _ H); simpl; unfold Rdiv; ring).
- ring.
- ring.
- ring.
- rewrite total_app, (IHe1 _ _ H), (IHe2 _ _ (conditions_rest _ _ _ _ _ H)); ring.
- rewrite total_app, (IHe1 _ _ H), (IHe2 _ _ (conditions_rest _ _ _ _ _ H)); simpl; ring.
- rewrite total_app, (IHe1 _ _ H), (IHe2 _ _ (conditions_rest _ _ _ _ _ H)); simpl.
  rewrite (conditions_named _ _ _ _ _ H), (conditions_named _ _ _ _ _ (conditions_rest _ _ _ _ _ H)); ring.
- rewrite (IHe _ _ H); simpl; rewrite (conditions_named _ _ _ _ _ H); ring.
- exact (back_cells_total v a d (first :: others) up).
Qed.

(* ===== The derivatives of the functions ===== *)

Lemma der_eq (f : R -> R) (x a b : R) : is_derive f x a -> a = b -> is_derive f x b.
Proof. intros H <-; exact H. Qed.
Lemma der_const (c x : R) : is_derive (fun _ => c) x 0.
Proof. exact (is_derive_const c x). Qed.
Lemma der_id (x : R) : is_derive (fun s => s) x 1.
Proof. exact (is_derive_id x). Qed.
Lemma der_plus (f g : R -> R) (x a b : R) : is_derive f x a -> is_derive g x b ->
  is_derive (fun s => f s + g s) x (a + b).
Proof. exact (is_derive_plus f g x a b). Qed.
Lemma der_minus (f g : R -> R) (x a b : R) : is_derive f x a -> is_derive g x b ->
  is_derive (fun s => f s - g s) x (a - b).
Proof. exact (is_derive_minus f g x a b). Qed.
Lemma der_opp (f : R -> R) (x a : R) : is_derive f x a -> is_derive (fun s => - f s) x (- a).
Proof. exact (is_derive_opp f x a). Qed.
Lemma der_mult (f g : R -> R) (x a b : R) :
  is_derive f x a -> is_derive g x b -> is_derive (fun s => f s * g s) x (a * g x + f x * b).
Proof. intros F G; exact (is_derive_mult f g x a b F G Rmult_comm). Qed.
Lemma der_pow (f : R -> R) (x a : R) n : is_derive f x a ->
  is_derive (fun s => f s ^ n) x (IZR (Z.of_nat n) * f x ^ pred n * a).
Proof.
intro F; rewrite <- INR_IZR_INZ; apply (der_eq _ _ (INR n * a * f x ^ pred n));
[exact (is_derive_pow f n x a F) | ring].
Qed.
Lemma der_comp (f g : R -> R) (x a b : R) : is_derive f (g x) a -> is_derive g x b ->
  is_derive (fun s => f (g s)) x (a * b).
Proof. intros F G; eapply der_eq; [exact (is_derive_comp f g x a b F G) | exact (Rmult_comm b a)]. Qed.

Lemma der_exp z : is_derive exp z (exp z).
Proof. exact (is_derive_exp z). Qed.
Lemma der_sigmoid z : is_derive sigmoid z (sigmoid z * (1 - sigmoid z)).
Proof.
unfold sigmoid; assert (P := exp_pos (- z)); eapply der_eq;
[apply (is_derive_inv (fun s => 1 + exp (- s)) z (0 + exp (- z) * - 1));
 [exact (der_plus _ _ z _ _ (der_const 1 z) (der_comp exp (fun s => - s) z _ _ (der_exp (- z)) (der_opp _ z 1 (der_id
   z)))) | lra]
| field; lra].
Qed.

Lemma der_inverse z : z <> 0 -> is_derive Rinv z (- (/ z * / z)).
Proof.
intro N; eapply der_eq; [exact (is_derive_inv (fun s => s) z 1 (der_id z) N) | simpl; field; exact N].
Qed.
Lemma der_log z : 0 < z -> is_derive log z (/ z).
Proof.
intro P; apply (is_derive_RInt Rinv log 1 z).
- exists (mkposreal z P); intros y B; change (Rabs (y - z) < z) in B; apply Rabs_def2 in B.
  apply (RInt_correct Rinv), (ex_RInt_continuous Rinv); intros t [T _].
  apply (ex_derive_continuous Rinv); exists (- (/ t * / t)); apply der_inverse.
  assert (0 < Rmin 1 y) by (apply Rmin_pos; lra); lra.
- apply (ex_derive_continuous Rinv); exists (- (/ z * / z)); apply der_inverse; lra.
Qed.
Lemma log_1 : log 1 = 0.
Proof. unfold log; apply (RInt_point 1 Rinv). Qed.

Lemma same_slope (f g d : R -> R) a x : (forall t, is_derive f t (d t)) -> (forall t, is_derive g t (d t)) ->
  f a = g a -> f x = g x.
Proof.
intros F G E.
assert (Z : forall x, is_derive (fun t => f t - g t) x 0).
{ intro t; eapply der_eq; [exact (is_derive_minus f g t _ _ (F t) (G t)) | exact (Rminus_diag_eq _ _ eq_refl)]. }
assert (C : f a - g a = f x - g x).
{ destruct (Rtotal_order a x) as [L | [-> | L]]; [| reflexivity |].
  - apply (eq_is_derive (fun t => f t - g t) a x); [intros; apply Z | exact L].
  - symmetry; apply (eq_is_derive (fun t => f t - g t) x a); [intros; apply Z | exact L]. }
lra.
Qed.
Lemma log_exp_times a z : 0 < a -> log (a * exp z) = log a + z.
Proof.
intro P; apply (same_slope (fun z => log (a * exp z)) (fun z => log a + z) (fun _ => 1) 0).
- intro t; assert (Q := exp_pos t); eapply der_eq.
  + apply (der_comp log (fun z => a * exp z) t (/ (a * exp t)) (a * exp t)); [apply der_log; nra |].
    eapply der_eq; [exact (is_derive_scal exp t a _ (is_derive_exp t)) | reflexivity].
  + simpl; field; nra.
- intro t; eapply der_eq; [exact (is_derive_plus (fun _ => log a) (fun z => z) t _ _ (is_derive_const _ t)
  (is_derive_id t)) |].
  change (0 + 1 = 1); ring.
- rewrite exp_0; rewrite Rmult_1_r; ring.
Qed.
Lemma log_is_ln x : 0 < x -> log x = ln x.
Proof.
intro P; rewrite <- (exp_ln x P) at 1; rewrite <- (Rmult_1_l (exp (ln x))), log_exp_times, log_1 by lra; ring.
Qed.
Lemma der_softplus z : is_derive softplus z (sigmoid z).
Proof.
assert (P := exp_pos z); assert (P' := exp_pos (- z)); unfold softplus, sigmoid; eapply der_eq.
- apply (der_comp log (fun s => 1 + exp s) z (/ (1 + exp z)) (0 + exp z)); [apply der_log; lra |].
  exact (der_plus _ _ z _ _ (der_const 1 z) (der_exp z)).
- rewrite exp_Ropp in *; field; lra.
Qed.
Lemma der_tanh z : is_derive tanh z (1 - tanh z * tanh z).
Proof.
assert (C : cosh z <> 0) by (unfold cosh; assert (A := exp_pos z); assert (B := exp_pos (- z)); lra).
unfold tanh; eapply der_eq.
- apply (der_mult sinh (fun s => / cosh s) z (cosh z) (- (/ cosh z * / cosh z) * sinh z));
  [apply is_derive_Reals, derivable_pt_lim_sinh |].
  apply (der_comp Rinv cosh z _ _ (der_inverse _ C)), is_derive_Reals, derivable_pt_lim_cosh.
- simpl; field; exact C.
Qed.

Lemma around (z : R) (P : R -> Prop) : z <> 0 -> (forall y, 0 < y * z -> P y) -> locally z P.
Proof.
intros N H; assert (A : 0 < Rabs z) by (apply Rabs_pos_lt; exact N); exists (mkposreal _ A); intros y B.
apply H; change (Rabs (y - z) < Rabs z) in B.
unfold Rabs in B; repeat destruct Rcase_abs in B; nra.
Qed.
Lemma der_split (f : R -> R) above below z : z <> 0 -> (forall y, 0 < y -> f y = above * y) -> (forall y, y < 0 ->
  f y = below * y) ->
  is_derive f z (if Rlt_dec 0 z then above else below).
Proof.
intros N HA HB; assert (L : forall c, is_derive (fun y => c * y) z c).
{ intro c; eapply der_eq; [exact (der_mult _ _ z _ _ (der_const c z) (der_id z)) | simpl; ring]. }
destruct (Rlt_dec 0 z); eapply is_derive_ext_loc; [| apply L | | apply L]; apply around; try exact N;
intros y Y; symmetry; [apply HA | apply HB]; nra.
Qed.
Lemma der_relu z : z <> 0 -> is_derive relu z (gate (relu z) 1 0).
Proof.
intro N; eapply der_eq; [apply (der_split relu 1 0 z N); intros y Y; unfold relu; destruct Rlt_dec; lra |].
unfold gate, relu; repeat destruct Rlt_dec; lra.
Qed.
Lemma der_leaky z : z <> 0 -> is_derive leaky_relu z (gate (leaky_relu z) 1 (1 / 100)).
Proof.
intro N; eapply der_eq; [apply (der_split leaky_relu 1 (1 / 100) z N); intros y Y; unfold leaky_relu;
  destruct Rlt_dec; lra |].
unfold gate, leaky_relu; repeat destruct Rlt_dec; lra.
Qed.

Lemma der_flat (f g : R -> R) (x a b : R) : f 0 = 0 -> is_derive g x a -> locally x (fun s => g s = 0) ->
  is_derive (fun s => f (g s)) x (b * a).
Proof.
intros Z D L; assert (a = 0) as ->.
{ rewrite <- (is_derive_unique _ _ _ D); apply is_derive_unique, (is_derive_ext_loc (fun _ => 0));
  [| exact (is_derive_const 0 x)].
  revert L; apply filter_imp; auto. }
eapply der_eq; [| symmetry; apply Rmult_0_r].
apply (is_derive_ext_loc (fun _ => 0)); [| exact (is_derive_const 0 x)].
revert L; apply filter_imp; intros s ->; auto.
Qed.

(* ===== The chain rule on a tape =====

A tape states quantities one after the other, each by a formula in earlier ones. Along a curve (one input moves) every
quantity has a derivative: forward mode, by induction. If the claims a satisfy, for each quantity u,

    a u = sum of a k * (derivative of the formula of k by u),   and 1 more for E itself,

then the derivative of E is the claim of what moves: two sums over the edges of the tape, by what they leave and by what
they reach, are the same. *)

Definition tape := list (positive * expr).
Definition cell_reads c : list positive := match c with Cell u _ => [u] | Given _ _ => [] end.
Fixpoint reads e : list positive := match e with
| V u => [u] | A _ => [] | Num _ => [] | Opp x => reads x | Pow x _ => reads x | Over x _ => reads x
| Add x y => reads x ++ reads y | Sub x y => reads x ++ reads y | Mul x y => reads x ++ reads y
| Fn _ _ _ x => reads x
| Largest _ x l => flat_map cell_reads (x :: l)
end.
Definition partials e : edges := back e (Num 1).

Section Curve.
Variables (v : R -> env) (a : env) (s0 : R).
Let w := v s0.
Definition along (P : env -> Prop) := locally s0 (fun s => P (v s)).

Lemma func_derive f e c s rest t : w c = apply f (eval w a e) -> holds along w a f e (w c) (w s) rest ->
  is_derive (fun s => eval (v s) a e) s0 t ->
  is_derive (fun s => apply f (eval (v s) a e)) s0 (named w a (slope f c s) * t).
Proof.
intros E H D; assert (G : forall b, is_derive (apply f) (eval w a e) b -> b = named w a (slope f c s) ->
  is_derive (fun s => apply f (eval (v s) a e)) s0 (named w a (slope f c s) * t)).
{ intros b B <-; exact (der_comp (apply f) (fun s => eval (v s) a e) s0 b t B D). }
destruct f; simpl in *; rewrite ?E in *.
- eapply G; [apply der_sigmoid | reflexivity].
- eapply G; [apply der_tanh | reflexivity].
- eapply G; [apply der_exp | reflexivity].
- destruct H as [P [K _]]; eapply G; [apply der_log, P | symmetry; exact K].
- destruct H as [P [K _]]; eapply G; [apply der_inverse, P | rewrite K; simpl; field; exact P].
- destruct H as [K _]; eapply G; [apply der_softplus | symmetry; exact K].
- destruct H as [[N | L] [K _]]; [eapply G; [apply der_relu, N | symmetry; exact K] |].
  apply (der_flat relu); [unfold relu; destruct Rlt_dec; lra | exact D | exact L].
- destruct H as [[N | L] [K _]]; [eapply G; [apply der_leaky, N | symmetry; exact K] |].
  apply (der_flat leaky_relu); [unfold leaky_relu; destruct Rlt_dec; lra | exact D | exact L].
Qed.

Lemma largest_max e x l : x <= largest e x l /\ (forall y, In y l -> cell_value e y <= largest e x l) /\
  (largest e x l = x \/ exists y, In y l /\ largest e x l = cell_value e y).
Proof.
revert x; induction l as [|c l IH]; simpl; intro x; [repeat split; [lra | easy | auto] |].
destruct (IH (Rmax x (cell_value e c))) as [A1 [A2 A3]].
assert (B1 := Rmax_l x (cell_value e c)); assert (B2 := Rmax_r x (cell_value e c)).
repeat split; [lra | intros y [<- | Y]; [lra | apply A2, Y] |].
destruct A3 as [-> | [y [Y ->]]]; [| right; exists y; auto].
unfold Rmax; destruct Rle_dec; [right; exists c; auto | auto].
Qed.

Lemma weights_first most d m rest (l : list cell) : forall before,
  weights w most before l rest -> (forall x, In x before -> x <> most) ->
  (exists x, In x l /\ cell_value w x = most) ->
  (forall x u k, In x l -> x = Cell u k -> w u = most -> d u = m) -> (forall n k, In (Given n k) l ->
    number n k = most -> m = 0) ->
  cells_tangent w d l = m.
Proof.
assert (more : forall before l', (exists x, In x before /\ x = most) -> exists x, In x (before ++ l') /\ x = most).
{ intros before l' [x [X Y]]; exists x; split; [apply in_or_app; auto | exact Y]. }
assert (here : forall x before, x = most -> exists y, In y (before ++ [x]) /\ y = most).
{ intros x before X; exists x; split; [apply in_or_app; right; left; reflexivity | exact X]. }
assert (Z : forall l before, (exists x, In x before /\ x = most) -> weights w most before l rest ->
  cells_tangent w d l = 0).
{ clear l; induction l as [|[u k | n k] l IH]; simpl; intros before B W; [reflexivity | |].
  - destruct W as [E W]; rewrite E, (IH _ (more _ _ B) W).
    replace (wins (w u) most before) with 0; [ring |].
    clear - B; induction before as [|y before IH]; simpl; [destruct B as [x [[] _]] |].
    destruct Req_EM_T as [| N]; [reflexivity |]; apply IH; destruct B as [x [[-> | X] Y]]; [contradiction | exists x;
      auto].
  - exact (IH _ (more _ _ B) W). }
assert (U : forall x before, (forall y, In y before -> y <> most) ->
  wins x most before = if Req_EM_T x most then 1 else 0).
{ intros x before; induction before as [|y before IH]; simpl; intro B; [reflexivity |].
  destruct (Req_EM_T y most) as [E |]; [exfalso; exact (B y (or_introl eq_refl) E) | apply IH; auto]. }
induction l as [|[u k | n k] l IH]; simpl; intros before W B [x [X E]] H G; [contradiction | |].
- destruct W as [K W]; rewrite K, (U _ _ B); destruct (Req_EM_T (w u) most) as [M | N].
  + rewrite (Z l _ (here _ _ M) W).
    rewrite (H _ u k (or_introl eq_refl) eq_refl M); ring.
  + rewrite (IH _ W); [ring | | | |].
    * intros y Y; apply in_app_or in Y as [Y | [<- | []]]; [apply B, Y | exact N].
    * destruct X as [<- | X]; [contradiction | exists x; auto].
    * intros y u' k' Y F Q; exact (H y u' k' (or_intror Y) F Q).
    * intros n' k' Y Q; exact (G n' k' (or_intror Y) Q).
- destruct (Req_EM_T (number n k) most) as [M | N].
  + rewrite (Z l _ (here _ _ M) W).
    symmetry; eapply G; [left; reflexivity | exact M].
  + rewrite (IH _ W); [reflexivity | | | |].
    * intros y Y; apply in_app_or in Y as [Y | [<- | []]]; [apply B, Y | exact N].
    * destruct X as [<- | X]; [contradiction | exists x; auto].
    * intros y u' k' Y F Q; exact (H y u' k' (or_intror Y) F Q).
    * intros n' k' Y Q; exact (G n' k' (or_intror Y) Q).
Qed.

Lemma largest_derive c x l d rest : w c = largest w (cell_value w x) l -> winner along w (x :: l) ->
  weights w (w c) [] (x :: l) rest -> (forall u, In u (flat_map cell_reads (x :: l)) ->
    is_derive (fun s => v s u) s0 (d u)) ->
  is_derive (fun s => largest (v s) (cell_value (v s) x) l) s0 (cells_tangent w d (x :: l)).
Proof.
intros E [m [I W]] S D.
set (dc := fun y => match y with Cell u _ => d u | Given _ _ => 0 end).
assert (DC : forall y, In y (x :: l) -> is_derive (fun s => cell_value (v s) y) s0 (dc y)).
{ intros [u k | n k] Y; [apply D, in_flat_map; exists (Cell u k); simpl; auto | exact (der_const _ s0)]. }
assert (LE : forall e y, In y (x :: l) -> cell_value e y <= largest e (cell_value e x) l).
{ intros e y [<- | Y]; [apply (proj1 (largest_max e (cell_value e x) l)) | apply (proj1 (proj2 (largest_max e
  (cell_value e x) l))), Y]. }
assert (IS : forall e, exists y, In y (x :: l) /\ largest e (cell_value e x) l = cell_value e y).
{ intro e; destruct (proj2 (proj2 (largest_max e (cell_value e x) l))) as [F | [y [Y F]]];
  [exists x; simpl; auto | exists y; simpl; auto]. }
assert (M : cell_value w m = w c).
{ destruct (IS w) as [y [Y F]]; rewrite E; apply Rle_antisym; [apply LE, I |]; rewrite F.
  destruct (W y Y) as [Q | Q]; [lra | apply (locally_singleton s0) in Q; fold w in Q; lra]. }
assert (SAME : forall y, In y (x :: l) -> cell_value w y = w c -> dc y = dc m).
{ intros y Y F; destruct (W y Y) as [Q | Q]; [lra |].
  rewrite <- (is_derive_unique _ _ _ (DC y Y)), <- (is_derive_unique _ _ _ (DC m I)).
  apply Derive_ext_loc, Q. }
rewrite (weights_first (w c) d (dc m) rest (x :: l) [] S).
- apply (is_derive_ext_loc (fun s => cell_value (v s) m)); [| apply DC, I].
  assert (B : forall y, In y (x :: l) -> locally s0 (fun s => cell_value (v s) y <= cell_value (v s) m)).
  { intros y Y; destruct (W y Y) as [Q | Q]; [| unfold along in Q; revert Q; apply filter_imp; intros s Q; lra].
    assert (C := ex_derive_continuous _ _ (ex_intro _ _ (der_minus _ _ _ _ _ (DC m I) (DC y Y)))).
    assert (P : 0 < cell_value (v s0) m - cell_value (v s0) y) by (fold w; lra).
    specialize (C (fun z => 0 < z) (open_gt 0 _ P)); revert C; unfold filtermap; apply filter_imp; intros; lra. }
  assert (A : locally s0 (fun s => forall y, In y (x :: l) -> cell_value (v s) y <= cell_value (v s) m)).
  { clear - B; induction (x :: l) as [|y k IH]; [apply filter_forall; intros s y [] |].
    generalize (filter_and _ _ (B y (or_introl eq_refl)) (IH (fun z Z => B z (or_intror Z)))); apply filter_imp.
    intros s [P Q] z [<- | Z]; [exact P | apply Q, Z]. }
  revert A; apply filter_imp; intros s A; apply Rle_antisym; [apply LE, I |].
  destruct (IS (v s)) as [y [Y ->]]; apply A, Y.
- intros y [].
- exists m; auto.
- intros y u k Y F G; subst y; exact (SAME _ Y G).
- intros n k Y G; symmetry; exact (SAME _ Y G).
Qed.

Lemma eval_derive d e : forall rest, conditions along w a e rest ->
  (forall u, In u (reads e) -> is_derive (fun s => v s u) s0 (d u)) ->
  is_derive (fun s => eval (v s) a e) s0 (tangent w a d e).
Proof.
induction e; simpl; intros rest C H; try exact (der_const _ s0).
- apply H; auto.
- eapply der_eq; [apply (der_mult (fun s => eval (v s) a e) (fun _ => / IZR (Zpos n)) s0 _ 0 (IHe _ C H)), der_const
  |].
  simpl; unfold Rdiv; ring.
- apply der_plus; [apply (IHe1 _ C) | apply (IHe2 _ (conditions_rest _ _ _ _ _ C))]; intros; apply H;
  apply in_or_app; auto.
- apply der_minus; [apply (IHe1 _ C) | apply (IHe2 _ (conditions_rest _ _ _ _ _ C))]; intros; apply H;
  apply in_or_app; auto.
- apply (der_mult (fun s => eval (v s) a e1) (fun s => eval (v s) a e2));
  [apply (IHe1 _ C) | apply (IHe2 _ (conditions_rest _ _ _ _ _ C))]; intros; apply H; apply in_or_app; auto.
- exact (der_opp _ _ _ (IHe _ C H)).
- exact (der_pow (fun s => eval (v s) a e) _ _ _ (IHe _ C H)).
- destruct (conditions_rest _ _ _ _ _ C) as [E F]; exact (func_derive f e c s rest _ E F (IHe _ C H)).
- destruct C as [E [W S]]; exact (largest_derive c first others d rest E W S H).
Qed.

Definition smooth e := conditions along w a e True.
Lemma node_derive k e d : (forall s, v s k = eval (v s) a e) -> smooth e ->
  (forall u, In u (reads e) -> is_derive (fun s => v s u) s0 (d u)) ->
  is_derive (fun s => v s k) s0 (total w a d (partials e)).
Proof.
intros E S H; apply (is_derive_ext (fun s => eval (v s) a e)); [intro s; symmetry; apply E |].
unfold partials; rewrite (back_total _ _ _ _ _ _ _ S); simpl; eapply der_eq; [eapply eval_derive;
  eassumption | fold w; ring].
Qed.

Fixpoint ordered b (t : tape) := match t with
| [] => true
| (k, n) :: t => Pos.eqb k b && forallb (fun r => Pos.ltb r k) (reads n) && ordered (Pos.succ b) t
end.
Fixpoint run (d : env) (t : tape) := match t with
| [] => d
| (k, n) :: t => run (moved d k (total w a d (partials n))) t
end.

Definition right_node (kn : positive * expr) := (forall s, v s (fst kn) = eval (v s) a (snd kn)) /\ smooth (snd kn).

Lemma ordered_le b t k n : ordered b t = true -> In (k, n) t -> (b <= k)%positive.
Proof.
revert b; induction t as [|[k' n'] t IH]; simpl; intros b O I; [easy |].
apply andb_prop in O as [O O3]; apply andb_prop in O as [O1 O2]; apply Pos.eqb_eq in O1; subst k'.
destruct I as [I | I]; [injection I; intros; subst; lia | specialize (IH _ O3 I); lia].
Qed.

Lemma moved_same d k x : moved d k x k = x.
Proof. unfold moved; rewrite Pos.eqb_refl; reflexivity. Qed.
Lemma moved_other d k x u : u <> k -> moved d k x u = d u.
Proof. unfold moved; intro N; destruct (Pos.eqb_spec u k); [contradiction | reflexivity]. Qed.

Lemma run_low d t b u : ordered b t = true -> (u < b)%positive -> run d t u = d u.
Proof.
revert d b; induction t as [|[k n] t IH]; simpl; intros d b O L; [reflexivity |].
apply andb_prop in O as [O O3]; apply andb_prop in O as [O1 O2]; apply Pos.eqb_eq in O1; subst k.
rewrite (IH _ (Pos.succ b)); [apply moved_other; lia | exact O3 | lia].
Qed.

Lemma total_ext d d' l : (forall u j, In (u, j) l -> d u = d' u) -> total w a d l = total w a d' l.
Proof.
induction l as [|[u j] l IH]; simpl; intro H; [reflexivity |].
rewrite IH, (H u j); auto; intros; apply (H u0 j0); auto.
Qed.

Lemma back_cells_reads l : forall up u j, In (u, j) (back_cells l up) -> In u (flat_map cell_reads l).
Proof.
induction l as [|[u' k | n k] l IH]; simpl; intros up u j H; [exact H | | exact (IH _ _ _ H)].
destruct H as [H | H]; [injection H; auto | right; exact (IH _ _ _ H)].
Qed.
Lemma back_reads e : forall up u j, In (u, j) (back e up) -> In u (reads e).
Proof.
induction e; simpl; intros up u' j H; try contradiction; try (eapply IHe; exact H);
try (apply in_app_or in H; apply in_or_app; destruct H as [H | H]; [left; eapply IHe1 | right; eapply IHe2]; exact H).
- destruct H as [H | []]; injection H; auto.
- exact (back_cells_reads (first :: others) _ _ _ H).
Qed.
Lemma run_derive d t b : ordered b t = true -> List.Forall right_node t ->
  (forall u, (u < b)%positive -> is_derive (fun s => v s u) s0 (d u)) ->
  (forall u, (u < b)%positive \/ In u (map fst t) -> is_derive (fun s => v s u) s0 (run d t u)) /\
  (forall k n, In (k, n) t -> run d t k = total w a (run d t) (partials n)).
Proof.
revert d b; induction t as [|[k n] t IH]; intros d b O F H; simpl.
{ split; [intros u [L | []]; apply H, L | intros k n []]. }
simpl in O; assert (O' := O); apply andb_prop in O as [O O3]; apply andb_prop in O as [O1 O2].
apply Pos.eqb_eq in O1; subst k; rewrite forallb_forall in O2.
inversion F as [|? ? [E S] F']; subst; simpl in E, S.
set (x := total w a d (partials n)).
assert (D : forall u, (u < Pos.succ b)%positive -> is_derive (fun s => v s u) s0 (moved d b x u)).
{ intros u L; destruct (Pos.eq_dec u b) as [-> | N].
  - rewrite moved_same; apply node_derive; auto; intros u I; apply H; apply Pos.ltb_lt, O2, I.
  - rewrite moved_other by exact N; apply H; lia. }
destruct (IH _ _ O3 F' D) as [I1 I2]; split.
- intros u [L | [<- | I]]; apply I1; [left; lia | left; simpl; lia | right; exact I].
- intros k m [I | I]; [| apply I2, I].
  injection I; intros; subst k m.
  rewrite (run_low _ _ (Pos.succ b)) by (exact O3 || lia); rewrite moved_same; unfold x; apply total_ext.
  intros u j J; apply back_reads in J; specialize (O2 _ J); apply Pos.ltb_lt in O2.
  rewrite (run_low _ _ (Pos.succ b)) by (exact O3 || lia); symmetry; apply moved_other; lia.
Qed.

(* --- the chain rule, backwards --- *)

Definition claims := list (positive * expr).
Definition weighted last k (l : edges) : edges :=
  if Pos.eqb k last then l else map (fun uj => (fst uj, Mul (A k) (snd uj))) l.
Definition all_edges last (t : tape) : edges := flat_map (fun kn => weighted last (fst kn) (partials (snd kn))) t.
Fixpoint into u (l : edges) := match l with
| [] => Num 0
| (u', j) :: l => if Pos.eqb u u' then Add j (into u l) else into u l
end.

Lemma total_weighted last d k l : a last = 1 -> total w a d (weighted last k l) = a k * total w a d l.
Proof.
intro O; unfold weighted; destruct (Pos.eqb_spec k last) as [-> |]; [rewrite O; ring |].
induction l as [|[u j] l IH]; simpl; [ring | rewrite IH; simpl; ring].
Qed.

Fixpoint sum (f : positive -> R) (l : list positive) := match l with [] => 0 | u :: l => f u + sum f l end.
Lemma sum_ext f g l : (forall u, In u l -> f u = g u) -> sum f l = sum g l.
Proof. induction l; simpl; intro H; [reflexivity | rewrite IHl, H; auto]. Qed.
Lemma sum_plus f g l : sum (fun u => f u + g u) l = sum f l + sum g l.
Proof. induction l; simpl; [ring | rewrite IHl; ring]. Qed.
Lemma sum_zero f l : (forall u, In u l -> f u = 0) -> sum f l = 0.
Proof. induction l; simpl; intro H; [reflexivity | rewrite IHl, H; auto; ring]. Qed.
Lemma sum_app f l m : sum f (l ++ m) = sum f l + sum f m.
Proof. induction l; simpl; [ring | rewrite IHl; ring]. Qed.
Lemma sum_only x u l : NoDup l -> In u l -> sum (fun u' => if Pos.eqb u' u then x else 0) l = x.
Proof.
induction l as [|y l IH]; simpl; intros N I; [contradiction |]; inversion N; subst.
destruct (Pos.eqb_spec y u) as [-> | D].
- rewrite sum_zero; [ring |]; intros z Z; destruct (Pos.eqb_spec z u); [subst; contradiction | reflexivity].
- destruct I; [contradiction |]; rewrite IH by assumption; ring.
Qed.

Lemma total_by_target d names l : NoDup names -> (forall u, ~ In u names -> d u = 0) ->
  total w a d l = sum (fun u => d u * named w a (into u l)) names.
Proof.
intros N Z; induction l as [|[u j] l IH]; simpl.
- rewrite sum_zero; [reflexivity |]; intros; simpl; ring.
- rewrite IH; destruct (in_dec Pos.eq_dec u names) as [I | I].
  + rewrite <- (sum_only (named w a j * d u) u names N I), <- sum_plus; apply sum_ext; intros y _.
    destruct (Pos.eqb_spec y u); [subst; simpl; ring | ring].
  + rewrite (Z _ I), Rmult_0_r, Rplus_0_l; apply sum_ext; intros y Y.
    destruct (Pos.eqb_spec y u); [subst; contradiction | reflexivity].
Qed.

Lemma total_all last d t : a last = 1 -> (forall k n, In (k, n) t -> d k = total w a d (partials n)) ->
  total w a d (all_edges last t) = sum (fun k => a k * d k) (map fst t).
Proof.
intro O; induction t as [|[k n] t IH]; simpl; intro H; [reflexivity |].
rewrite total_app, total_weighted, IH by auto; rewrite <- (H k n); auto.
Qed.


Variables (last : positive) (cs : claims) (b p : positive) (t : tape).
Hypothesis t_ordered : ordered b t = true.
Hypothesis t_right : List.Forall right_node t.
Hypothesis last_one : a last = 1.
Hypothesis last_in : In last (map fst t).
Hypothesis inputs : forall u, (u < b)%positive -> is_derive (fun s => v s u) s0 (if Pos.eqb u p then 1 else 0).
Hypothesis p_input : (p < b)%positive.
Hypothesis names_once : NoDup (map fst cs).
Hypothesis p_claimed : In p (map fst cs).
Hypothesis nodes_claimed : forall k, In k (map fst t) -> In k (map fst cs).
Hypothesis cs_right : forall u, In u (map fst cs) ->
  a u = (if Pos.eqb u last then 1 else 0) + named w a (into u (all_edges last t)).

Definition delta u := if Pos.eqb u p then 1 else 0.
Let d := run delta t.

Lemma keys_ge u : In u (map fst t) -> (b <= u)%positive.
Proof. intro I; apply in_map_iff in I as [[k n] [<- I]]; exact (ordered_le _ _ _ _ t_ordered I). Qed.

Lemma run_other d0 t0 u : ~ In u (map fst t0) -> run d0 t0 u = d0 u.
Proof.
revert d0; induction t0 as [|[k n] t0 IH]; simpl; intros d0 N; [reflexivity |].
rewrite IH by tauto; apply moved_other; intuition.
Qed.

Lemma d_unclaimed u : ~ In u (map fst cs) -> d u = 0.
Proof.
intro N; unfold d; rewrite run_other by (intro I; apply N, nodes_claimed, I).
unfold delta; destruct (Pos.eqb_spec u p); [subst; contradiction | reflexivity].
Qed.

Lemma sum_within ks names : NoDup names -> NoDup ks -> (forall u, In u ks -> In u names) ->
  forall f, (forall u, ~ In u ks -> f u = 0) -> sum f names = sum f ks.
Proof.
intros N K I; induction ks as [|k ks IH]; simpl; intros f Z; [apply sum_zero; auto |].
inversion K; subst.
rewrite (sum_ext f (fun u => (if Pos.eqb u k then f k else 0) + (if Pos.eqb u k then 0 else f u)) names).
- rewrite sum_plus, (sum_only (f k) k names N) by (apply I; simpl; auto); f_equal.
  rewrite IH; simpl in *; auto.
  + apply sum_ext; intros u U; destruct (Pos.eqb_spec u k); [subst; contradiction | reflexivity].
  + intros u U; destruct (Pos.eqb_spec u k); [reflexivity |]; apply Z; intuition.
- intros u _; destruct (Pos.eqb_spec u k); [subst; ring | ring].
Qed.

Lemma keys_once b0 t0 : ordered b0 t0 = true -> NoDup (map fst t0).
Proof.
revert b0; induction t0 as [|[k n] t0 IH]; simpl; intros b0 O; [constructor |].
apply andb_prop in O as [O O3]; apply andb_prop in O as [O1 O2]; apply Pos.eqb_eq in O1; subst k.
constructor; [| exact (IH _ O3)].
intro I; apply in_map_iff in I as [[k m] [E I]]; simpl in E; subst k.
pose proof (ordered_le _ _ _ _ O3 I); lia.
Qed.

Lemma chain_rule : is_derive (fun s => v s last) s0 (a p).
Proof.
destruct (run_derive delta t b t_ordered t_right inputs) as [D T].
assert (P : ~ In p (map fst t)) by (intro I; apply keys_ge in I; lia).
apply (der_eq _ _ (d last)); [apply D; right; exact last_in |].
assert (H := total_all last d t last_one T).
rewrite (total_by_target d (map fst cs) _ names_once d_unclaimed) in H.
rewrite (sum_ext _ (fun u => a u * d u + (if Pos.eqb u last then - d last else 0))) in H.
- rewrite sum_plus, (sum_only (- d last) last) in H by auto.
  rewrite (sum_within (p :: map fst t) _ names_once) in H.
  + assert (d p = 1) as E by (unfold d; rewrite run_other by exact P; unfold delta; rewrite Pos.eqb_refl;
    reflexivity).
    simpl in H; rewrite E in H; lra.
  + constructor; [exact P | exact (keys_once _ _ t_ordered)].
  + intros u [<- | U]; [exact p_claimed | exact (nodes_claimed _ U)].
  + intros u U; unfold d; rewrite run_other by (intro; apply U; right; assumption); unfold delta.
    destruct (Pos.eqb_spec u p); [subst; exfalso; apply U; left; reflexivity | ring].
- intros u U; rewrite (cs_right u U); destruct (Pos.eqb_spec u last) as [-> |]; ring.
Qed.
End Curve.

(* ===== Equality of polynomials, computed =====

Both sides of each claim become normal forms, with a variable for each quantity, each claim and each value of a call. *)

Fixpoint polynomial e : EnvRing.PExpr Q := match e with
| V u => EnvRing.PEX (xO u) | A u => EnvRing.PEX (xI u) | Num n => EnvRing.PEc (n # 1)
| Over x n => EnvRing.PEmul (polynomial x) (EnvRing.PEc (1 # n))
| Add x y => EnvRing.PEadd (polynomial x) (polynomial y)
| Sub x y => EnvRing.PEsub (polynomial x) (polynomial y)
| Mul x y => EnvRing.PEmul (polynomial x) (polynomial y)
| Opp x => EnvRing.PEopp (polynomial x)
| Pow x n => EnvRing.PEpow (polynomial x) (N.of_nat n)
| Fn _ c _ _ => EnvRing.PEX (xO c)
| Largest c _ _ => EnvRing.PEX (xO c)
end.
Definition joint (v a : env) u := match u with xO u => v u | xI u => a u | xH => 0 end.
Definition peval := EnvRing.PEeval Rplus Rmult Rminus Ropp Q2R N.to_nat pow.

Lemma polynomial_named v a e : peval (joint v a) (polynomial e) = named v a e.
Proof.
induction e; simpl; try reflexivity; unfold peval in *; simpl; try congruence.
- unfold Q2R; simpl; rewrite Rinv_1; ring.
- rewrite IHe; unfold Q2R, Rdiv; simpl; ring.
- rewrite Nnat.Nat2N.id, IHe; reflexivity.
Qed.

Definition normal e := EnvRing.norm_aux 0%Q 1%Q Qplus Qmult Qminus Qopp Qeq_bool (polynomial e).
Definition same x y := EnvRing.Peq Qeq_bool (normal x) (normal y).

Lemma same_named v a x y : same x y = true -> named v a x = named v a y.
Proof.
intro H; rewrite <- !polynomial_named; unfold peval.
assert (M := RingMicromega.SORrm RMicromega.QSORaddon); assert (W := RingMicromega.SORpower RMicromega.QSORaddon).
pose proof (@Ring_theory.Eq_ext R Rplus Rmult Ropp) as X.
pose proof (OrderedRing.SORsetoid RMicromega.Rsor) as S.
pose proof (Ring_theory.Rth_ARth S X (OrderedRing.SORrt RMicromega.Rsor)) as T.
rewrite !(EnvRing.norm_aux_spec S X T M W); exact (EnvRing.Peq_ok S X M _ _ H (joint v a)).
Qed.

(* What reaches each quantity, gathered in one pass: a binary tree over the digits of the quantity's number. *)
Inductive sums := Empty | Fork (l : sums) (x : expr) (r : sums).
Fixpoint gathered u t := match t, u with
| Empty, _ => Num 0 | Fork _ x _, xH => x | Fork l _ _, xO u => gathered u l | Fork _ _ r, xI u => gathered u r
end.
Fixpoint gather u j t := match u, t with
| xH, Empty => Fork Empty (Add j (Num 0)) Empty | xH, Fork l x r => Fork l (Add j x) r
| xO u, Empty => Fork (gather u j Empty) (Num 0) Empty | xO u, Fork l x r => Fork (gather u j l) x r
| xI u, Empty => Fork Empty (Num 0) (gather u j Empty) | xI u, Fork l x r => Fork l x (gather u j r)
end.
Fixpoint gather_all (l : edges) := match l with [] => Empty | (u, j) :: l => gather u j (gather_all l) end.

Lemma gathered_one u j : forall u' t, gathered u' (gather u j t) =
  if Pos.eqb u' u then Add j (gathered u' t) else gathered u' t.
Proof. induction u; intros [u' | u' |] [| l x r]; simpl; rewrite ?IHu; try reflexivity; destruct u'; reflexivity. Qed.
Lemma gathered_all u l : gathered u (gather_all l) = into u l.
Proof. induction l as [|[u' j] l IH]; simpl; [destruct u; reflexivity | rewrite gathered_one, IH; reflexivity]. Qed.

Definition right_claim last (t : sums) (uc : positive * expr) :=
  same (snd uc) (Add (if Pos.eqb (fst uc) last then Num 1 else Num 0) (gathered (fst uc) t)).
Definition wrong last t cs :=
  let all := gather_all (all_edges last t) in map fst (filter (fun uc => negb (right_claim last all uc)) cs).

Lemma exp_shift z m n : exp (z - n) = exp (z - m) * exp (m - n).
Proof. rewrite <- exp_plus; f_equal; ring. Qed.

(* ===== A network: its quantities as functions of what moves ===== *)

Inductive tree := Leaf | Node (l : tree) (x : R) (r : tree).
Fixpoint lookup t u := match t, u with
| Leaf, _ => 0 | Node _ x _, xH => x | Node l _ _, xO u => lookup l u | Node _ _ r, xI u => lookup r u
end.

Definition mem u l := existsb (Pos.eqb u) l.
Fixpoint once l := match l with [] => true | u :: l => negb (mem u l) && once l end.
Definition proper b last t (cs : claims) := ordered b t && mem last (map fst t) && once (map fst cs) &&
  forallb (fun k => mem k (map fst cs)) (map fst t).

Lemma mem_in u l : mem u l = true -> In u l.
Proof. unfold mem; intro H; apply existsb_exists in H as [y [Y E]]; apply Pos.eqb_eq in E; subst; exact Y. Qed.
Lemma in_mem u l : In u l -> mem u l = true.
Proof. intro H; apply existsb_exists; exists u; split; [exact H | apply Pos.eqb_refl]. Qed.
Lemma once_nodup l : once l = true -> NoDup l.
Proof.
induction l as [|u l IH]; simpl; intro H; constructor; apply andb_prop in H as [H1 H2]; auto.
intro I; apply in_mem in I; rewrite I in H1; discriminate.
Qed.

Lemma moved_back (q : env) j : moved q j (q j) = q.
Proof.
apply functional_extensionality; intro u; unfold moved; destruct (Pos.eqb_spec u j); [subst |]; reflexivity.
Qed.

Lemma map_same {X} (f g : X -> R) l x : map f l = map g l -> In x l -> f x = g x.
Proof.
induction l; simpl; intros E I; [contradiction |]; injection E; intros; destruct I; [subst |]; auto.
Qed.

Lemma wrong_right last t cs v a u c : wrong last t cs = [] -> In (u, c) cs ->
  named v a c = (if Pos.eqb u last then 1 else 0) + named v a (into u (all_edges last t)).
Proof.
unfold wrong; intros W I; apply map_eq_nil in W.
destruct (right_claim last (gather_all (all_edges last t)) (u, c)) eqn:H.
- apply (same_named v a) in H; simpl in H; rewrite gathered_all in H; rewrite H; destruct (Pos.eqb u last); simpl; ring.
- exfalso; assert (F : In (u, c) []); [| destruct F].
  rewrite <- W; apply filter_In; split; [exact I | rewrite H; reflexivity].
Qed.

(* The same demands, kind by kind, so that each kind is seen to at once. *)
Section Kinds.
Variables (v a : env).
Definition call_equalities f x c s : list (R * R) := (c, apply f x) :: match f with
| Log => [(s, / x)] | Inverse => [(s, / x ^ 2)] | Softplus => [(s, sigmoid x)]
| Relu => [(s, gate c 1 0)] | Leaky => [(s, gate c 1 (1 / 100))]
| _ => []
end.
Fixpoint weight_equalities most (before : list R) (l : list cell) : list (R * R) := match l with
| [] => []
| Cell u w :: l => (v w, wins (v u) most before) :: weight_equalities most (before ++ [v u]) l
| Given n d :: l => weight_equalities most (before ++ [number n d]) l
end.
Fixpoint equalities e : list (R * R) := match e with
| V _ => [] | A _ => [] | Num _ => []
| Over x _ => equalities x | Opp x => equalities x | Pow x _ => equalities x
| Add x y => equalities x ++ equalities y | Sub x y => equalities x ++ equalities y
| Mul x y => equalities x ++ equalities y
| Fn f c s x => equalities x ++ call_equalities f (eval v a x) (v c) (v s)
| Largest c x l => (v c, largest v (cell_value v x) l) :: weight_equalities (v c) [] (x :: l)
end.
End Kinds.
Fixpoint calls (which : func -> bool) e : list expr := match e with
| V _ => [] | A _ => [] | Num _ => [] | Largest _ _ _ => []
| Over x _ => calls which x | Opp x => calls which x | Pow x _ => calls which x
| Add x y => calls which x ++ calls which y | Sub x y => calls which x ++ calls which y
| Mul x y => calls which x ++ calls which y
| Fn f _ _ x => calls which x ++ (if which f then [x] else [])
end.
Definition has_kink f := match f with Relu => true | Leaky => true | _ => false end.
Definition wants_positive f := match f with Log => true | Inverse => true | _ => false end.
Fixpoint windows e : list (list cell) := match e with
| V _ => [] | A _ => [] | Num _ => []
| Over x _ => windows x | Opp x => windows x | Pow x _ => windows x | Fn _ _ _ x => windows x
| Add x y => windows x ++ windows y | Sub x y => windows x ++ windows y | Mul x y => windows x ++ windows y
| Largest _ x l => [x :: l]
end.

Lemma weights_from v most l (rest : Prop) : rest -> forall before,
  (forall p, In p (weight_equalities v most before l) -> fst p = snd p) -> weights v most before l rest.
Proof.
intro X; induction l as [|[u w | n d] l IH]; simpl; intros before H; [exact X | |].
- split; [exact (H (_, _) (or_introl eq_refl)) | apply IH; intros p P; apply H; right; exact P].
- apply IH, H.
Qed.
Lemma conditions_from along v a e : (forall p, In p (equalities v a e) -> fst p = snd p) ->
  (forall x, In x (calls has_kink e) -> kinkless along v a x) -> (forall w, In w (windows e) -> winner along v w) ->
  (forall x, In x (calls wants_positive e) -> 0 < eval v a x) -> forall rest : Prop, rest ->
    conditions along v a e rest.
Proof.
induction e; simpl; intros E K W P rest X; auto;
try (apply IHe1; [intros; apply E | intros; apply K | intros; apply W | intros; apply P | apply IHe2;
  [intros; apply E | intros; apply K | intros; apply W | intros; apply P | exact X]]; apply in_or_app; auto).
- apply IHe; auto; [intros; apply E | intros; apply K | intros; apply P |]; try (apply in_or_app; auto).
  assert (E' : forall p, In p (call_equalities f (eval v a e) (v c) (v s)) -> fst p = snd p).
  { intros p I; apply E, in_or_app; auto. }
  split; [exact (E' (_, _) (or_introl eq_refl)) |].
  destruct f; simpl in *; try exact X; try assert (F := E' (_, _) (or_intror (or_introl eq_refl))); simpl in F.
  + split; [apply P, in_or_app; simpl; auto | auto].
  + split; [apply Rgt_not_eq, P, in_or_app; simpl; auto | auto].
  + auto.
  + split; [apply K, in_or_app; simpl; auto | auto].
  + split; [apply K, in_or_app; simpl; auto | auto].
- split; [exact (E (_, _) (or_introl eq_refl)) |]; split; [apply W; auto |].
  apply (weights_from v (v c) (first :: others) rest X []); intros p I; apply E; right; exact I.
Qed.

Definition of_all {X} (f : expr -> list X) (t : tape) := flat_map (fun kn => f (snd kn)) t.
Fixpoint every (l : list Prop) : Prop := match l with [] => True | [p] => p | p :: l => p /\ every l end.
Lemma every_in l p : every l -> In p l -> p.
Proof.
induction l as [|q [|r l] IH]; simpl; [contradiction | intros H [<- | []]; exact H |].
intros [Q H] [<- | I]; [exact Q | apply IH; auto].
Qed.
Lemma every_map {X} (f : X -> Prop) l x : every (map f l) -> In x l -> f x.
Proof. intros H I; exact (every_in _ _ H (in_map f l x I)). Qed.

Lemma near_along q p (P : env -> Prop) : near P q p -> locally (q p) (fun s => P (moved q p s)).
Proof. intros [eps H]; exists eps; intros y B; exact (H y B). Qed.

Section Network.
Variables (b last : positive) (t : tape) (cs : claims).
Variables (inputs : env -> positive -> R) (v : env -> env) (a : env) (q : env) (p : positive).
Definition from_inputs := forall q' u, (u < b)%positive -> v q' u = inputs q' u.
Definition values_of (few : list positive) (is_few : bool) := forall q' a',
  map (fun kn => v q' (fst kn)) (filter (fun kn => Bool.eqb is_few (mem (fst kn) few)) t) =
  map (fun kn => eval (v q') a' (snd kn)) (filter (fun kn => Bool.eqb is_few (mem (fst kn) few)) t).
Definition claimed := map (fun uc => a (fst uc)) cs = map (fun uc => named (v q) a (snd uc)) cs.
Definition along_v (P : env -> Prop) := near (fun q' => P (v q')) q p.
Variable few : list positive.
Hypothesis t_proper : proper b last t cs = true.
Hypothesis t_wrong : wrong last t cs = [].
Hypothesis h_inputs : from_inputs.
Hypothesis h_many : values_of few false.
Hypothesis h_few : values_of few true.
Hypothesis h_claimed : claimed.
Hypothesis h_last : a last = 1.
Hypothesis h_equalities : map fst (of_all (equalities (v q) a) t) = map snd (of_all (equalities (v q) a) t).
Hypothesis h_kinks : every (map (kinkless along_v (v q) a) (of_all (calls has_kink) t)).
Hypothesis h_windows : every (map (winner along_v (v q)) (of_all windows t)).
Hypothesis h_positive : every (map (fun x => 0 < eval (v q) a x) (of_all (calls wants_positive) t)).

Lemma h_conditions k e : In (k, e) t -> conditions along_v (v q) a e True.
Proof.
intro I; assert (A : forall X (f : expr -> list X) x, In x (f e) -> In x (of_all f t)).
{ intros X f x J; apply in_flat_map; exists (k, e); auto. }
apply conditions_from; [| | | | exact Logic.I].
- intros e' P; exact (map_same _ _ _ e' h_equalities (A _ _ e' P)).
- intros x X; exact (every_map _ _ x h_kinks (A _ _ x X)).
- intros w W; exact (every_map _ _ w h_windows (A _ _ w W)).
- intros x X; exact (every_map _ _ x h_positive (A _ _ x X)).
Qed.

Lemma gradient : (p <? b)%positive = true -> mem p (map fst cs) = true ->
  (forall u, is_derive (fun s => inputs (moved q p s) u) (q p) (if Pos.eqb u p then 1 else 0)) ->
  is_derive (fun s => v (moved q p s) last) (q p) (a p).
Proof.
intros L M I.
unfold proper in t_proper; apply andb_prop in t_proper as [P P4]; apply andb_prop in P as [P P3];
  apply andb_prop in P as [P1 P2].
apply (chain_rule (fun s => v (moved q p s)) a (q p) last cs b p t P1).
- apply Forall_forall; intros [k n] K; split; simpl.
  + intro s; destruct (mem k few) eqn:F.
    * apply (map_same _ _ _ (k, n) (h_few (moved q p s) a)), filter_In; simpl; rewrite F; auto.
    * apply (map_same _ _ _ (k, n) (h_many (moved q p s) a)), filter_In; simpl; rewrite F; auto.
  + unfold smooth; rewrite moved_back; apply (conditions_along along_v); [| exact (h_conditions _ _ K)].
    intros P; exact (near_along q p _).
- exact h_last.
- exact (mem_in _ _ P2).
- intros u U; apply (is_derive_ext (fun s => inputs (moved q p s) u)); [intro; symmetry; apply h_inputs, U | apply I].
- apply Pos.ltb_lt, L.
- exact (once_nodup _ P3).
- exact (mem_in _ _ M).
- intros k K; rewrite forallb_forall in P4; exact (mem_in _ _ (P4 k K)).
- intros u U; apply in_map_iff in U as [[u' c] [E U]]; simpl in E; subst u'; rewrite moved_back.
  rewrite <- (wrong_right last t cs (v q) a u c t_wrong U).
  exact (map_same _ _ _ _ h_claimed U).
Qed.
End Network.

(* two ways to compute the same tape agree *)
Lemma eval_ext v v' a e : (forall u, In u (reads e) -> v u = v' u) -> eval v a e = eval v' a e.
Proof.
induction e; simpl; intro H; try reflexivity; try (rewrite IHe by exact H; reflexivity);
try (rewrite IHe1, IHe2 by (intros; apply H, in_or_app; auto); reflexivity); auto.
assert (C : forall c, In c (first :: others) -> cell_value v c = cell_value v' c).
{ intros [u k | n k] I; [apply H, (in_flat_map cell_reads (first :: others)); exists (Cell u k); simpl;
  auto | reflexivity]. }
rewrite (C first) by (left; reflexivity); generalize (cell_value v' first); clear H.
clear - C; induction others as [|y l IH]; simpl in *; intro x; [reflexivity |]; rewrite (C y) by auto; apply IH;
  intuition.
Qed.
Lemma unique b t v v' a : ordered b t = true -> (forall k e, In (k, e) t -> v k = eval v a e) ->
  (forall k e, In (k, e) t -> v' k = eval v' a e) -> (forall u, (u < b)%positive -> v u = v' u) ->
  forall u, (u < b)%positive \/ In u (map fst t) -> v u = v' u.
Proof.
revert b; induction t as [|[k n] t IH]; simpl; intros b O V V' I u [L | U]; auto; [contradiction |].
apply andb_prop in O as [O O3]; apply andb_prop in O as [O1 O2]; apply Pos.eqb_eq in O1; subst k.
assert (E : v b = v' b).
{ rewrite (V b n), (V' b n) by auto; apply eval_ext; intros r R; apply I, Pos.ltb_lt.
  rewrite forallb_forall in O2; exact (O2 r R). }
apply (IH (Pos.succ b) O3); auto; [| destruct U as [<- | U]; [left; lia | right; exact U]].
intros r R; destruct (Pos.eq_dec r b) as [-> | N]; [exact E | apply I; lia].
Qed.

Definition within (low high : positive) (moving fixed : env) : env :=
  fun u => if Pos.leb low u && Pos.ltb u high then moving u else fixed u.
Fixpoint tape_end b (t : tape) := match t with [] => b | _ :: t => tape_end (Pos.succ b) t end.
Fixpoint list_end first (l : list R) := match l with [] => first | _ :: l => list_end (Pos.succ first) l end.
Fixpoint numbers first (l : list R) := match l with [] => [] | _ :: l => first :: numbers (Pos.succ first) l end.

(* values by number: inputs before first, up to last those of the tree, from there on fixed *)
Definition staged first last (inputs fixed : env) (t : tree) : env := fun u =>
  if Pos.ltb u first then inputs u else if Pos.ltb last u then fixed u else lookup t u.
Lemma staged_inputs first last inputs fixed t u : (u < first)%positive -> staged first last inputs fixed t u = inputs u.
Proof. intro L; unfold staged; apply Pos.ltb_lt in L; rewrite L; reflexivity. Qed.
Lemma staged_fixed first last inputs fixed t u : (first <= last)%positive -> (last < u)%positive ->
  staged first last inputs fixed t u = fixed u.
Proof.
intros F L; unfold staged; destruct (Pos.ltb_spec u first); [lia |]; destruct (Pos.ltb_spec last u); [reflexivity | lia].
Qed.

Lemma ordered_all b t u : ordered b t = true -> (b <= u)%positive -> (u < tape_end b t)%positive -> In u (map fst t).
Proof.
revert b; induction t as [|[k n] t IH]; simpl; intros b O L U; [lia |].
apply andb_prop in O as [O O3]; apply andb_prop in O as [O1 O2]; apply Pos.eqb_eq in O1; subst k.
destruct (Pos.eq_dec b u) as [E | N]; [left; exact E | right; apply (IH (Pos.succ b)); auto; lia].
Qed.
Lemma listed_same (v : env) l : forall first u, l = map v (numbers first l) -> (first <= u)%positive ->
  (u < list_end first l)%positive -> listed first l u = v u.
Proof.
induction l as [|x l IH]; simpl; intros first u S L U; [lia |].
injection S as E S; destruct (Pos.eqb_spec u first) as [-> | N]; [exact E | apply IH; auto; lia].
Qed.
Lemma every_value t v few : values_of t v few false -> values_of t v few true ->
  forall q a k e, In (k, e) t -> v q k = eval (v q) a e.
Proof.
intros M F q a k e I; destruct (mem k few) eqn:B.
- apply (map_same _ _ _ (k, e) (F q a)), filter_In; simpl; rewrite B; auto.
- apply (map_same _ _ _ (k, e) (M q a)), filter_In; simpl; rewrite B; auto.
Qed.
Lemma settled_winner (v : env -> env) q p cells :
  settled q p (map (fun c q' => cell_value (v q') c) cells) -> winner (along_v v q p) (v q) cells.
Proof.
intros [m [I S]]; apply in_map_iff in I as [c [<- I]]; exists c; split; [exact I |]; intros x X.
exact (S _ (in_map (fun c q' => cell_value (v q') c) cells x X)).
Qed.

Lemma settled_windows (v : env -> env) q p l :
  every (map (fun cells => settled q p (map (fun c q' => cell_value (v q') c) cells)) l) ->
  every (map (winner (along_v v q p) (v q)) l).
Proof.
induction l as [|c [|c' l] IH]; simpl; [auto | apply settled_winner |].
intros [S H]; split; [exact (settled_winner v q p c S) | apply IH, H].
Qed.

Lemma der_summed (f : R -> env -> R) (d : env -> R) x l : (forall i, In i l -> is_derive (fun r => f r i) x (d i)) ->
  is_derive (fun r => summed (f r) l) x (summed d l).
Proof.
induction l as [|i l IH]; simpl; intro H; [apply der_const | apply (der_plus (fun r => f r i)); auto].
Qed.

(* the part of a tape that follows a feature map computes, at the map's own values, what the whole tape does *)
Lemma part_is_whole low high first last t t' (v v' : env -> env) q few few' cells :
  ordered first t' = true -> tape_end first t' = Pos.succ last -> list_end low cells = high ->
    (high <= first)%positive ->
  cells = map (v q) (numbers low cells) ->
  (forall k e, In (k, e) t' -> In (k, e) t) ->
  values_of t v few false -> values_of t v few true -> values_of t' v' few' false -> values_of t' v' few' true ->
  (forall u, (u < first)%positive -> v' (listed low cells) u = within low high (listed low cells) (v q) u) ->
  (forall u, (last < u)%positive -> v' (listed low cells) u = v q u) ->
  v' (listed low cells) = v q.
Proof.
intros O T L H S I M F M' F' B A; apply functional_extensionality; intro u.
destruct (Pos.ltb_spec last u) as [U | U]; [exact (A u U) |].
assert (V : forall u, (u < first)%positive -> v' (listed low cells) u = v q u).
{ intros r R; rewrite B by exact R; unfold within.
  destruct (Pos.leb_spec low r); [| reflexivity]; destruct (Pos.ltb_spec r high); [| reflexivity]; simpl.
  apply listed_same; [exact S | assumption | rewrite L; assumption]. }
destruct (Pos.ltb_spec u first) as [W | W]; [exact (V u W) |].
apply (unique first t' _ _ (v q) O); [| | exact V |].
- intros k e K; exact (every_value t' v' few' M' F' _ _ k e K).
- intros k e K; exact (every_value t v few M F _ _ k e (I k e K)).
- right; apply (ordered_all first); [exact O | exact W | rewrite T; lia].
Qed.

Lemma within_derive low high q fixed p u : Pos.leb low p && Pos.ltb p high = true ->
  is_derive (fun s => within low high (moved q p s) fixed u) (q p) (if Pos.eqb u p then 1 else 0).
Proof.
intro L; unfold within, moved; destruct (Pos.eqb_spec u p) as [-> | N]; [rewrite L; apply der_id |].
destruct (Pos.leb low u && Pos.ltb u high); apply der_const.
Qed.

Declare Scope expr_scope.
Delimit Scope expr_scope with expr.
Bind Scope expr_scope with expr.
Definition number_of (n : Z) : option expr := Some (Num n).
Definition of_number (e : expr) : option Z := match e with Num n => Some n | _ => None end.
Number Notation expr number_of of_number : expr_scope.
Notation "# n" := (V n) (at level 1, n at level 0, format "# n") : expr_scope.
Notation "! n" := (A n) (at level 1, n at level 0, format "! n") : expr_scope.
Infix "+" := Add : expr_scope.
Infix "-" := Sub : expr_scope.
Infix "*" := Mul : expr_scope.
Notation "- x" := (Opp x) : expr_scope.
Notation "x / n" := (Over x n) : expr_scope.
Notation "x ^ n" := (Pow x n) : expr_scope.

(* ===== The network as a tape ===== *)

Open Scope expr_scope.
Definition network_tape : tape := [
(32%positive, #21 * #1 + #22 * #2 + #24 * #3 + #25 * #4);
(33%positive, #22 * #1 + #23 * #2 + #25 * #3 + #26 * #4);
(34%positive, #24 * #1 + #25 * #2 + #27 * #3 + #28 * #4);
(35%positive, #25 * #1 + #26 * #2 + #28 * #3 + #29 * #4);
(36%positive, #32 * #5 + #33 * #7 + #34 * #9 + #35 * #11 + #13);
(37%positive, #32 * #6 + #33 * #8 + #34 * #10 + #35 * #12 + #14);
(38%positive, (Fn Sigmoid 38 38 #36));
(39%positive, (Fn Sigmoid 39 39 #37));
(40%positive, #38 * #15 + #39 * #17 + #19);
(41%positive, #38 * #16 + #39 * #18 + #20);
(42%positive, (Fn Sigmoid 42 42 #40));
(43%positive, (Fn Sigmoid 43 43 #41));
(44%positive, (#42 - #30)^2/2 + (#43 - #31)^2/2)].
Definition network_claims : claims := [
(1%positive, !32 * #21 + !33 * #22 + !34 * #24 + !35 * #25);
(2%positive, !32 * #22 + !33 * #23 + !34 * #25 + !35 * #26);
(3%positive, !32 * #24 + !33 * #25 + !34 * #27 + !35 * #28);
(4%positive, !32 * #25 + !33 * #26 + !34 * #28 + !35 * #29);
(5%positive, !36 * #32);
(6%positive, !37 * #32);
(7%positive, !36 * #33);
(8%positive, !37 * #33);
(9%positive, !36 * #34);
(10%positive, !37 * #34);
(11%positive, !36 * #35);
(12%positive, !37 * #35);
(13%positive, !36);
(14%positive, !37);
(15%positive, !40 * #38);
(16%positive, !41 * #38);
(17%positive, !40 * #39);
(18%positive, !41 * #39);
(19%positive, !40);
(20%positive, !41);
(32%positive, !36 * #5 + !37 * #6);
(33%positive, !36 * #7 + !37 * #8);
(34%positive, !36 * #9 + !37 * #10);
(35%positive, !36 * #11 + !37 * #12);
(36%positive, !38 * #38 * (1 - #38));
(37%positive, !39 * #39 * (1 - #39));
(38%positive, !40 * #15 + !41 * #16);
(39%positive, !40 * #17 + !41 * #18);
(40%positive, !42 * #42 * (1 - #42));
(41%positive, !43 * #43 * (1 - #43));
(42%positive, #42 - #30);
(43%positive, #43 - #31);
(44%positive, 1)].
Close Scope expr_scope.
Lemma network_proper : proper 32 44 network_tape network_claims = true.
Proof. vm_compute; reflexivity. Qed.
Lemma network_obeys : wrong 44 network_tape network_claims = [].
Proof. vm_compute; reflexivity. Qed.
Definition after_x_tape := Eval vm_compute in filter (fun kn => Pos.leb 36 (fst kn)) network_tape.
Lemma after_x_tape_part : after_x_tape = filter (fun kn => Pos.leb 36 (fst kn)) network_tape.
Proof. vm_compute; reflexivity. Qed.
Definition after_x_claims := Eval vm_compute in filter (fun uc => Pos.leb 32 (fst uc)) network_claims.
Lemma after_x_proper : proper 36 44 after_x_tape after_x_claims = true.
Proof. vm_compute; reflexivity. Qed.
Lemma after_x_obeys : wrong 44 after_x_tape after_x_claims = [].
Proof. vm_compute; reflexivity. Qed.

(* ===== The specification ===== *)

Module Spec.
(* One image: its numbers and the parameters are given; the forward pass, with E at its end; and what the
   derivation claims of E: dE_dx_11 is the derivative of E by x_11. *)
Section OneImage.
Variables parameter image : positive -> R.
Definition f_11 := parameter 1%positive.
Definition f_12 := parameter 2%positive.
Definition f_21 := parameter 3%positive.
Definition f_22 := parameter 4%positive.
Definition w_x11h1 := parameter 5%positive.
Definition w_x11h2 := parameter 6%positive.
Definition w_x12h1 := parameter 7%positive.
Definition w_x12h2 := parameter 8%positive.
Definition w_x21h1 := parameter 9%positive.
Definition w_x21h2 := parameter 10%positive.
Definition w_x22h1 := parameter 11%positive.
Definition w_x22h2 := parameter 12%positive.
Definition b_h1 := parameter 13%positive.
Definition b_h2 := parameter 14%positive.
Definition w_h1o1 := parameter 15%positive.
Definition w_h1o2 := parameter 16%positive.
Definition w_h2o1 := parameter 17%positive.
Definition w_h2o2 := parameter 18%positive.
Definition b_o1 := parameter 19%positive.
Definition b_o2 := parameter 20%positive.
Definition i_11 := image 21%positive.
Definition i_12 := image 22%positive.
Definition i_13 := image 23%positive.
Definition i_21 := image 24%positive.
Definition i_22 := image 25%positive.
Definition i_23 := image 26%positive.
Definition i_31 := image 27%positive.
Definition i_32 := image 28%positive.
Definition i_33 := image 29%positive.
Definition t_1 := image 30%positive.
Definition t_2 := image 31%positive.
Definition x_11 := i_11 * f_11 + i_12 * f_12 + i_21 * f_21 + i_22 * f_22.
Definition x_12 := i_12 * f_11 + i_13 * f_12 + i_22 * f_21 + i_23 * f_22.
Definition x_21 := i_21 * f_11 + i_22 * f_12 + i_31 * f_21 + i_32 * f_22.
Definition x_22 := i_22 * f_11 + i_23 * f_12 + i_32 * f_21 + i_33 * f_22.
Definition z_h1 := x_11 * w_x11h1 + x_12 * w_x12h1 + x_21 * w_x21h1 + x_22 * w_x22h1 + b_h1.
Definition z_h2 := x_11 * w_x11h2 + x_12 * w_x12h2 + x_21 * w_x21h2 + x_22 * w_x22h2 + b_h2.
Definition h_1 := sigmoid z_h1.
Definition h_2 := sigmoid z_h2.
Definition z_o1 := h_1 * w_h1o1 + h_2 * w_h2o1 + b_o1.
Definition z_o2 := h_1 * w_h1o2 + h_2 * w_h2o2 + b_o2.
Definition o_1 := sigmoid z_o1.
Definition o_2 := sigmoid z_o2.
Definition E := (o_1 - t_1)^2/2 + (o_2 - t_2)^2/2.

Definition dE_do_1 := o_1 - t_1.
Definition dE_do_2 := o_2 - t_2.
Definition dE_dz_o1 := dE_do_1 * o_1 * (1 - o_1).
Definition dE_dz_o2 := dE_do_2 * o_2 * (1 - o_2).
Definition dE_dh_1 := dE_dz_o1 * w_h1o1 + dE_dz_o2 * w_h1o2.
Definition dE_dh_2 := dE_dz_o1 * w_h2o1 + dE_dz_o2 * w_h2o2.
Definition dE_dw_h1o1 := dE_dz_o1 * h_1.
Definition dE_dw_h1o2 := dE_dz_o2 * h_1.
Definition dE_dw_h2o1 := dE_dz_o1 * h_2.
Definition dE_dw_h2o2 := dE_dz_o2 * h_2.
Definition dE_db_o1 := dE_dz_o1.
Definition dE_db_o2 := dE_dz_o2.
Definition dE_dz_h1 := dE_dh_1 * h_1 * (1 - h_1).
Definition dE_dz_h2 := dE_dh_2 * h_2 * (1 - h_2).
Definition dE_dx_11 := dE_dz_h1 * w_x11h1 + dE_dz_h2 * w_x11h2.
Definition dE_dx_12 := dE_dz_h1 * w_x12h1 + dE_dz_h2 * w_x12h2.
Definition dE_dx_21 := dE_dz_h1 * w_x21h1 + dE_dz_h2 * w_x21h2.
Definition dE_dx_22 := dE_dz_h1 * w_x22h1 + dE_dz_h2 * w_x22h2.
Definition dE_dw_x11h1 := dE_dz_h1 * x_11.
Definition dE_dw_x11h2 := dE_dz_h2 * x_11.
Definition dE_dw_x12h1 := dE_dz_h1 * x_12.
Definition dE_dw_x12h2 := dE_dz_h2 * x_12.
Definition dE_dw_x21h1 := dE_dz_h1 * x_21.
Definition dE_dw_x21h2 := dE_dz_h2 * x_21.
Definition dE_dw_x22h1 := dE_dz_h1 * x_22.
Definition dE_dw_x22h2 := dE_dz_h2 * x_22.
Definition dE_db_h1 := dE_dz_h1.
Definition dE_db_h2 := dE_dz_h2.
Definition dE_df_11 := dE_dx_11 * i_11 + dE_dx_12 * i_12 + dE_dx_21 * i_21 + dE_dx_22 * i_22.
Definition dE_df_12 := dE_dx_11 * i_12 + dE_dx_12 * i_13 + dE_dx_21 * i_22 + dE_dx_22 * i_23.
Definition dE_df_21 := dE_dx_11 * i_21 + dE_dx_12 * i_22 + dE_dx_21 * i_31 + dE_dx_22 * i_32.
Definition dE_df_22 := dE_dx_11 * i_22 + dE_dx_12 * i_23 + dE_dx_21 * i_32 + dE_dx_22 * i_33.
End OneImage.
Definition E_total (parameter image1 image2 : positive -> R) :=
  E parameter image1 + E parameter image2.

(* The map x, cell by cell; and E as a function of such a map, whose cells are free: it is E where
   they are those of the network (After_x_is_E, below). *)
Definition map_x (parameter image : positive -> R) := listed 32 [
  (x_11 parameter image); (x_12 parameter image); (x_21 parameter image); (x_22 parameter image)].
Module After_x.
Section OneImage.
Variables parameter image map : positive -> R.
Definition w_x11h1 := parameter 5%positive.
Definition w_x11h2 := parameter 6%positive.
Definition w_x12h1 := parameter 7%positive.
Definition w_x12h2 := parameter 8%positive.
Definition w_x21h1 := parameter 9%positive.
Definition w_x21h2 := parameter 10%positive.
Definition w_x22h1 := parameter 11%positive.
Definition w_x22h2 := parameter 12%positive.
Definition b_h1 := parameter 13%positive.
Definition b_h2 := parameter 14%positive.
Definition w_h1o1 := parameter 15%positive.
Definition w_h1o2 := parameter 16%positive.
Definition w_h2o1 := parameter 17%positive.
Definition w_h2o2 := parameter 18%positive.
Definition b_o1 := parameter 19%positive.
Definition b_o2 := parameter 20%positive.
Definition t_1 := image 30%positive.
Definition t_2 := image 31%positive.
Definition x_11 := map 32%positive.
Definition x_12 := map 33%positive.
Definition x_21 := map 34%positive.
Definition x_22 := map 35%positive.
Definition z_h1 := x_11 * w_x11h1 + x_12 * w_x12h1 + x_21 * w_x21h1 + x_22 * w_x22h1 + b_h1.
Definition z_h2 := x_11 * w_x11h2 + x_12 * w_x12h2 + x_21 * w_x21h2 + x_22 * w_x22h2 + b_h2.
Definition h_1 := sigmoid z_h1.
Definition h_2 := sigmoid z_h2.
Definition z_o1 := h_1 * w_h1o1 + h_2 * w_h2o1 + b_o1.
Definition z_o2 := h_1 * w_h1o2 + h_2 * w_h2o2 + b_o2.
Definition o_1 := sigmoid z_o1.
Definition o_2 := sigmoid z_o2.
Definition E := (o_1 - t_1)^2/2 + (o_2 - t_2)^2/2.
End OneImage.
End After_x.
End Spec.
Import Spec.

(* ===== The proof ===== *)

(* ----- the whole network ----- *)


Definition network_g (image parameter : env) : env := lookup (
Node (Node (Node (Node (Node (Node Leaf (dE_dx_11 parameter image)
Leaf) (dE_dw_h1o2 parameter image)
Leaf) (dE_dw_x12h2 parameter image)
(Node (Node Leaf (dE_dz_o1 parameter image)
Leaf) 0
Leaf)) (dE_df_22 parameter image)
(Node (Node (Node Leaf (dE_dz_h1 parameter image)
Leaf) (dE_db_o2 parameter image)
Leaf) (dE_dw_x22h2 parameter image)
(Node (Node Leaf 1
Leaf) 0
Leaf))) (dE_df_12 parameter image)
(Node (Node (Node (Node Leaf (dE_dx_21 parameter image)
Leaf) (dE_dw_h2o2 parameter image)
Leaf) (dE_dw_x21h2 parameter image)
(Node (Node Leaf (dE_do_1 parameter image)
Leaf) 0
Leaf)) (dE_dw_x11h2 parameter image)
(Node (Node (Node Leaf (dE_dh_1 parameter image)
Leaf) 0
Leaf) (dE_db_h2 parameter image)
Leaf))) (dE_df_11 parameter image)
(Node (Node (Node (Node (Node Leaf (dE_dx_12 parameter image)
Leaf) (dE_dw_h2o1 parameter image)
Leaf) (dE_dw_x21h1 parameter image)
(Node (Node Leaf (dE_dz_o2 parameter image)
Leaf) 0
Leaf)) (dE_dw_x11h1 parameter image)
(Node (Node (Node Leaf (dE_dz_h2 parameter image)
Leaf) 0
Leaf) (dE_db_h1 parameter image)
Leaf)) (dE_df_21 parameter image)
(Node (Node (Node (Node Leaf (dE_dx_22 parameter image)
Leaf) (dE_db_o1 parameter image)
Leaf) (dE_dw_x22h1 parameter image)
(Node (Node Leaf (dE_do_2 parameter image)
Leaf) 0
Leaf)) (dE_dw_x12h1 parameter image)
(Node (Node (Node Leaf (dE_dh_2 parameter image)
Leaf) 0
Leaf) (dE_dw_h1o1 parameter image)
Leaf)))).
Section Proof_of_network.
Variable image : positive -> R.

(* the values of all quantities by number, as a function of what moves *)
Definition network_q_inputs (parameter : env) : env := within 1 21 parameter image.
Definition network_q (parameter : env) : env := staged 32 44 (network_q_inputs parameter) (fun _ => 0) (
Node (Node (Node (Node (Node (Node Leaf (x_11 parameter image)
Leaf) 0
Leaf) 0
(Node (Node Leaf (z_o1 parameter image)
Leaf) 0
Leaf)) 0
(Node (Node (Node Leaf (z_h1 parameter image)
Leaf) 0
Leaf) 0
(Node (Node Leaf (E parameter image)
Leaf) 0
Leaf))) 0
(Node (Node (Node (Node Leaf (x_21 parameter image)
Leaf) 0
Leaf) 0
(Node (Node Leaf (o_1 parameter image)
Leaf) 0
Leaf)) 0
(Node (Node (Node Leaf (h_1 parameter image)
Leaf) 0
Leaf) 0
Leaf))) 0
(Node (Node (Node (Node (Node Leaf (x_12 parameter image)
Leaf) 0
Leaf) 0
(Node (Node Leaf (z_o2 parameter image)
Leaf) 0
Leaf)) 0
(Node (Node (Node Leaf (z_h2 parameter image)
Leaf) 0
Leaf) 0
Leaf)) 0
(Node (Node (Node (Node Leaf (x_22 parameter image)
Leaf) 0
Leaf) 0
(Node (Node Leaf (o_2 parameter image)
Leaf) 0
Leaf)) 0
(Node (Node (Node Leaf (h_2 parameter image)
Leaf) 0
Leaf) 0
Leaf)))).
Definition network_q_few : list positive := [].

Lemma network_q_from_inputs : from_inputs 32 (network_q_inputs) (network_q).
Proof. intros parameter u L; apply staged_inputs; exact L. Qed.
Lemma network_q_obeys_many : values_of network_tape (network_q) network_q_few false.
Proof. intros parameter a; reflexivity. Qed.
Lemma network_q_obeys_few : values_of network_tape (network_q) network_q_few true.
Proof. intros parameter a; exact eq_refl. Qed.
Variable parameter : positive -> R.

Lemma network_q_whole : (network_q) parameter = network_q parameter.
Proof. reflexivity. Qed.

(* what the claims and the calls demand at the point *)
Lemma network_q_claimed : claimed network_claims (network_q) (network_g image parameter) parameter.
Proof. unfold claimed; reflexivity. Qed.
Lemma network_q_equal : map fst (of_all (equalities ((network_q) parameter) (network_g image parameter)) network_tape) =
  map snd (of_all (equalities ((network_q) parameter) (network_g image parameter)) network_tape).
Proof. reflexivity. Qed.
Lemma network_q_kinks n : True ->
  every (map (kinkless (along_v (network_q) parameter n) ((network_q) parameter) (network_g image parameter)) (of_all (calls has_kink) network_tape)).
Proof. intro H; exact H. Qed.
Lemma network_q_windows n : True ->
  every (map (winner (along_v (network_q) parameter n) ((network_q) parameter)) (of_all windows network_tape)).
Proof. intro H; apply settled_windows; exact H. Qed.
Lemma network_q_positive : every (map (fun x => 0 < eval ((network_q) parameter) (network_g image parameter) x) (of_all (calls wants_positive) network_tape)).
Proof. exact I. Qed.

Lemma network_q_gradient n : True -> True ->
  Pos.leb 1 n && Pos.ltb n 21 = true -> mem n (map fst network_claims) = true ->
  is_derive (fun r => (network_q) (moved parameter n r) 44%positive) (parameter n) ((network_g image parameter) n).
Proof.
intros K T L M; apply (gradient 32 44 network_tape network_claims (network_q_inputs) (network_q) (network_g image parameter) parameter n network_q_few
  network_proper network_obeys (network_q_from_inputs) (network_q_obeys_many) (network_q_obeys_few) network_q_claimed
  eq_refl network_q_equal (network_q_kinks n K) (network_q_windows n T) network_q_positive); [| exact M |].
- apply andb_prop in L as [_ L]; apply Pos.ltb_lt in L; apply Pos.ltb_lt; lia.
- intro u; unfold network_q_inputs; apply within_derive; exact L.
Qed.
End Proof_of_network.


(* ----- After_x ----- *)



Section Proof_of_after_x.
Variable image : positive -> R.
Variable parameter : positive -> R.

(* the values of all quantities by number, as a function of what moves *)
Definition after_x_q_inputs (map : env) : env := within 32 36 map (network_q image parameter).
Definition after_x_q (map : env) : env := staged 36 44 (after_x_q_inputs map) (network_q image parameter) (
Node (Node (Node (Node Leaf 0
(Node (Node Leaf (After_x.z_o1 parameter map)
Leaf) 0
Leaf)) 0
(Node (Node (Node Leaf (After_x.z_h1 parameter map)
Leaf) 0
Leaf) 0
(Node (Node Leaf (After_x.E parameter image map)
Leaf) 0
Leaf))) 0
(Node (Node Leaf 0
(Node (Node Leaf (After_x.o_1 parameter map)
Leaf) 0
Leaf)) 0
(Node (Node (Node Leaf (After_x.h_1 parameter map)
Leaf) 0
Leaf) 0
Leaf))) 0
(Node (Node (Node Leaf 0
(Node (Node Leaf (After_x.z_o2 parameter map)
Leaf) 0
Leaf)) 0
(Node (Node (Node Leaf (After_x.z_h2 parameter map)
Leaf) 0
Leaf) 0
Leaf)) 0
(Node (Node Leaf 0
(Node (Node Leaf (After_x.o_2 parameter map)
Leaf) 0
Leaf)) 0
(Node (Node (Node Leaf (After_x.h_2 parameter map)
Leaf) 0
Leaf) 0
Leaf)))).
Definition after_x_q_few : list positive := [].

Lemma after_x_q_from_inputs : from_inputs 36 (after_x_q_inputs) (after_x_q).
Proof. intros map u L; apply staged_inputs; exact L. Qed.
Lemma after_x_q_obeys_many : values_of after_x_tape (after_x_q) after_x_q_few false.
Proof. intros map a; reflexivity. Qed.
Lemma after_x_q_obeys_few : values_of after_x_tape (after_x_q) after_x_q_few true.
Proof. intros map a; exact eq_refl. Qed.

Lemma after_x_q_whole : (after_x_q) (map_x parameter image) = network_q image parameter.
Proof. 
refine (part_is_whole 32 36 36 44 network_tape after_x_tape (network_q image) (after_x_q) parameter
  network_q_few after_x_q_few [(x_11 parameter image); (x_12 parameter image); (x_21 parameter image); (x_22 parameter image)] _ _ _ _ _ _ (network_q_obeys_many image) (network_q_obeys_few image)
  (after_x_q_obeys_many) (after_x_q_obeys_few) _ _).
- vm_compute; reflexivity.
- vm_compute; reflexivity.
- reflexivity.
- lia.
- reflexivity.
- intros k e K; rewrite after_x_tape_part in K; exact (proj1 (proj1 (filter_In _ _ _) K)).
- intros u L; exact (after_x_q_from_inputs _ u L).
- intros u L; apply staged_fixed; [lia | exact L].
 Qed.

(* what the claims and the calls demand at the point *)
Lemma after_x_q_claimed : claimed after_x_claims (after_x_q) (network_g image parameter) (map_x parameter image).
Proof. unfold claimed; rewrite after_x_q_whole; reflexivity. Qed.
Lemma after_x_q_equal : map fst (of_all (equalities ((after_x_q) (map_x parameter image)) (network_g image parameter)) after_x_tape) =
  map snd (of_all (equalities ((after_x_q) (map_x parameter image)) (network_g image parameter)) after_x_tape).
Proof. rewrite after_x_q_whole; reflexivity. Qed.
Opaque map_x.
Lemma after_x_q_kinks n : True ->
  every (map (kinkless (along_v (after_x_q) (map_x parameter image) n) ((after_x_q) (map_x parameter image)) (network_g image parameter)) (of_all (calls has_kink) after_x_tape)).
Proof. intro H; exact H. Qed.
Lemma after_x_q_windows n : True ->
  every (map (winner (along_v (after_x_q) (map_x parameter image) n) ((after_x_q) (map_x parameter image))) (of_all windows after_x_tape)).
Proof. intro H; apply settled_windows; exact H. Qed.
Transparent map_x.
Lemma after_x_q_positive : every (map (fun x => 0 < eval ((after_x_q) (map_x parameter image)) (network_g image parameter) x) (of_all (calls wants_positive) after_x_tape)).
Proof. rewrite after_x_q_whole; exact I. Qed.

Lemma after_x_q_gradient n : True -> True ->
  Pos.leb 32 n && Pos.ltb n 36 = true -> mem n (map fst after_x_claims) = true ->
  is_derive (fun r => (after_x_q) (moved (map_x parameter image) n r) 44%positive) ((map_x parameter image) n) ((network_g image parameter) n).
Proof.
intros K T L M; apply (gradient 36 44 after_x_tape after_x_claims (after_x_q_inputs) (after_x_q) (network_g image parameter) (map_x parameter image) n after_x_q_few
  after_x_proper after_x_obeys (after_x_q_from_inputs) (after_x_q_obeys_many) (after_x_q_obeys_few) after_x_q_claimed
  eq_refl after_x_q_equal (after_x_q_kinks n K) (after_x_q_windows n T) after_x_q_positive); [| exact M |].
- apply andb_prop in L as [_ L]; apply Pos.ltb_lt in L; apply Pos.ltb_lt; lia.
- intro u; unfold after_x_q_inputs; apply within_derive; exact L.
Qed.
End Proof_of_after_x.

Lemma After_x_is_E parameter image : (After_x.E parameter image (map_x parameter image)) = (E parameter image).
Proof. exact (f_equal (fun v : env => v 44%positive) (after_x_q_whole image parameter)). Qed.

(* ===== The theorems ===== *)

Theorem is_dE_df_11 : forall parameter image1 image2 : positive -> R,
  is_derive (fun r => E_total (moved parameter 1 r) image1 image2) (f_11 parameter)
  (dE_df_11 parameter image1 + dE_df_11 parameter image2).
Proof. intros parameter image1 image2; exact (der_plus _ _ _ _ _ (network_q_gradient image1 parameter 1 I I eq_refl eq_refl) (network_q_gradient image2 parameter 1 I I eq_refl eq_refl)). Qed.
Theorem is_dE_df_12 : forall parameter image1 image2 : positive -> R,
  is_derive (fun r => E_total (moved parameter 2 r) image1 image2) (f_12 parameter)
  (dE_df_12 parameter image1 + dE_df_12 parameter image2).
Proof. intros parameter image1 image2; exact (der_plus _ _ _ _ _ (network_q_gradient image1 parameter 2 I I eq_refl eq_refl) (network_q_gradient image2 parameter 2 I I eq_refl eq_refl)). Qed.
Theorem is_dE_df_21 : forall parameter image1 image2 : positive -> R,
  is_derive (fun r => E_total (moved parameter 3 r) image1 image2) (f_21 parameter)
  (dE_df_21 parameter image1 + dE_df_21 parameter image2).
Proof. intros parameter image1 image2; exact (der_plus _ _ _ _ _ (network_q_gradient image1 parameter 3 I I eq_refl eq_refl) (network_q_gradient image2 parameter 3 I I eq_refl eq_refl)). Qed.
Theorem is_dE_df_22 : forall parameter image1 image2 : positive -> R,
  is_derive (fun r => E_total (moved parameter 4 r) image1 image2) (f_22 parameter)
  (dE_df_22 parameter image1 + dE_df_22 parameter image2).
Proof. intros parameter image1 image2; exact (der_plus _ _ _ _ _ (network_q_gradient image1 parameter 4 I I eq_refl eq_refl) (network_q_gradient image2 parameter 4 I I eq_refl eq_refl)). Qed.
Theorem is_dE_dw_x11h1 : forall parameter image1 image2 : positive -> R,
  is_derive (fun r => E_total (moved parameter 5 r) image1 image2) (w_x11h1 parameter)
  (dE_dw_x11h1 parameter image1 + dE_dw_x11h1 parameter image2).
Proof. intros parameter image1 image2; exact (der_plus _ _ _ _ _ (network_q_gradient image1 parameter 5 I I eq_refl eq_refl) (network_q_gradient image2 parameter 5 I I eq_refl eq_refl)). Qed.
Theorem is_dE_dw_x11h2 : forall parameter image1 image2 : positive -> R,
  is_derive (fun r => E_total (moved parameter 6 r) image1 image2) (w_x11h2 parameter)
  (dE_dw_x11h2 parameter image1 + dE_dw_x11h2 parameter image2).
Proof. intros parameter image1 image2; exact (der_plus _ _ _ _ _ (network_q_gradient image1 parameter 6 I I eq_refl eq_refl) (network_q_gradient image2 parameter 6 I I eq_refl eq_refl)). Qed.
Theorem is_dE_dw_x12h1 : forall parameter image1 image2 : positive -> R,
  is_derive (fun r => E_total (moved parameter 7 r) image1 image2) (w_x12h1 parameter)
  (dE_dw_x12h1 parameter image1 + dE_dw_x12h1 parameter image2).
Proof. intros parameter image1 image2; exact (der_plus _ _ _ _ _ (network_q_gradient image1 parameter 7 I I eq_refl eq_refl) (network_q_gradient image2 parameter 7 I I eq_refl eq_refl)). Qed.
Theorem is_dE_dw_x12h2 : forall parameter image1 image2 : positive -> R,
  is_derive (fun r => E_total (moved parameter 8 r) image1 image2) (w_x12h2 parameter)
  (dE_dw_x12h2 parameter image1 + dE_dw_x12h2 parameter image2).
Proof. intros parameter image1 image2; exact (der_plus _ _ _ _ _ (network_q_gradient image1 parameter 8 I I eq_refl eq_refl) (network_q_gradient image2 parameter 8 I I eq_refl eq_refl)). Qed.
Theorem is_dE_dw_x21h1 : forall parameter image1 image2 : positive -> R,
  is_derive (fun r => E_total (moved parameter 9 r) image1 image2) (w_x21h1 parameter)
  (dE_dw_x21h1 parameter image1 + dE_dw_x21h1 parameter image2).
Proof. intros parameter image1 image2; exact (der_plus _ _ _ _ _ (network_q_gradient image1 parameter 9 I I eq_refl eq_refl) (network_q_gradient image2 parameter 9 I I eq_refl eq_refl)). Qed.
Theorem is_dE_dw_x21h2 : forall parameter image1 image2 : positive -> R,
  is_derive (fun r => E_total (moved parameter 10 r) image1 image2) (w_x21h2 parameter)
  (dE_dw_x21h2 parameter image1 + dE_dw_x21h2 parameter image2).
Proof. intros parameter image1 image2; exact (der_plus _ _ _ _ _ (network_q_gradient image1 parameter 10 I I eq_refl eq_refl) (network_q_gradient image2 parameter 10 I I eq_refl eq_refl)). Qed.
Theorem is_dE_dw_x22h1 : forall parameter image1 image2 : positive -> R,
  is_derive (fun r => E_total (moved parameter 11 r) image1 image2) (w_x22h1 parameter)
  (dE_dw_x22h1 parameter image1 + dE_dw_x22h1 parameter image2).
Proof. intros parameter image1 image2; exact (der_plus _ _ _ _ _ (network_q_gradient image1 parameter 11 I I eq_refl eq_refl) (network_q_gradient image2 parameter 11 I I eq_refl eq_refl)). Qed.
Theorem is_dE_dw_x22h2 : forall parameter image1 image2 : positive -> R,
  is_derive (fun r => E_total (moved parameter 12 r) image1 image2) (w_x22h2 parameter)
  (dE_dw_x22h2 parameter image1 + dE_dw_x22h2 parameter image2).
Proof. intros parameter image1 image2; exact (der_plus _ _ _ _ _ (network_q_gradient image1 parameter 12 I I eq_refl eq_refl) (network_q_gradient image2 parameter 12 I I eq_refl eq_refl)). Qed.
Theorem is_dE_db_h1 : forall parameter image1 image2 : positive -> R,
  is_derive (fun r => E_total (moved parameter 13 r) image1 image2) (b_h1 parameter)
  (dE_db_h1 parameter image1 + dE_db_h1 parameter image2).
Proof. intros parameter image1 image2; exact (der_plus _ _ _ _ _ (network_q_gradient image1 parameter 13 I I eq_refl eq_refl) (network_q_gradient image2 parameter 13 I I eq_refl eq_refl)). Qed.
Theorem is_dE_db_h2 : forall parameter image1 image2 : positive -> R,
  is_derive (fun r => E_total (moved parameter 14 r) image1 image2) (b_h2 parameter)
  (dE_db_h2 parameter image1 + dE_db_h2 parameter image2).
Proof. intros parameter image1 image2; exact (der_plus _ _ _ _ _ (network_q_gradient image1 parameter 14 I I eq_refl eq_refl) (network_q_gradient image2 parameter 14 I I eq_refl eq_refl)). Qed.
Theorem is_dE_dw_h1o1 : forall parameter image1 image2 : positive -> R,
  is_derive (fun r => E_total (moved parameter 15 r) image1 image2) (w_h1o1 parameter)
  (dE_dw_h1o1 parameter image1 + dE_dw_h1o1 parameter image2).
Proof. intros parameter image1 image2; exact (der_plus _ _ _ _ _ (network_q_gradient image1 parameter 15 I I eq_refl eq_refl) (network_q_gradient image2 parameter 15 I I eq_refl eq_refl)). Qed.
Theorem is_dE_dw_h1o2 : forall parameter image1 image2 : positive -> R,
  is_derive (fun r => E_total (moved parameter 16 r) image1 image2) (w_h1o2 parameter)
  (dE_dw_h1o2 parameter image1 + dE_dw_h1o2 parameter image2).
Proof. intros parameter image1 image2; exact (der_plus _ _ _ _ _ (network_q_gradient image1 parameter 16 I I eq_refl eq_refl) (network_q_gradient image2 parameter 16 I I eq_refl eq_refl)). Qed.
Theorem is_dE_dw_h2o1 : forall parameter image1 image2 : positive -> R,
  is_derive (fun r => E_total (moved parameter 17 r) image1 image2) (w_h2o1 parameter)
  (dE_dw_h2o1 parameter image1 + dE_dw_h2o1 parameter image2).
Proof. intros parameter image1 image2; exact (der_plus _ _ _ _ _ (network_q_gradient image1 parameter 17 I I eq_refl eq_refl) (network_q_gradient image2 parameter 17 I I eq_refl eq_refl)). Qed.
Theorem is_dE_dw_h2o2 : forall parameter image1 image2 : positive -> R,
  is_derive (fun r => E_total (moved parameter 18 r) image1 image2) (w_h2o2 parameter)
  (dE_dw_h2o2 parameter image1 + dE_dw_h2o2 parameter image2).
Proof. intros parameter image1 image2; exact (der_plus _ _ _ _ _ (network_q_gradient image1 parameter 18 I I eq_refl eq_refl) (network_q_gradient image2 parameter 18 I I eq_refl eq_refl)). Qed.
Theorem is_dE_db_o1 : forall parameter image1 image2 : positive -> R,
  is_derive (fun r => E_total (moved parameter 19 r) image1 image2) (b_o1 parameter)
  (dE_db_o1 parameter image1 + dE_db_o1 parameter image2).
Proof. intros parameter image1 image2; exact (der_plus _ _ _ _ _ (network_q_gradient image1 parameter 19 I I eq_refl eq_refl) (network_q_gradient image2 parameter 19 I I eq_refl eq_refl)). Qed.
Theorem is_dE_db_o2 : forall parameter image1 image2 : positive -> R,
  is_derive (fun r => E_total (moved parameter 20 r) image1 image2) (b_o2 parameter)
  (dE_db_o2 parameter image1 + dE_db_o2 parameter image2).
Proof. intros parameter image1 image2; exact (der_plus _ _ _ _ _ (network_q_gradient image1 parameter 20 I I eq_refl eq_refl) (network_q_gradient image2 parameter 20 I I eq_refl eq_refl)). Qed.
Theorem is_dE_dx_11_image1 : forall parameter image1 : positive -> R,
  is_derive (fun r => After_x.E parameter image1 (moved (map_x parameter image1) 32 r)) (x_11 parameter image1)
  (dE_dx_11 parameter image1).
Proof. intros parameter image1; exact (after_x_q_gradient image1 parameter 32 I I eq_refl eq_refl). Qed.
Theorem is_dE_dx_11_image2 : forall parameter image2 : positive -> R,
  is_derive (fun r => After_x.E parameter image2 (moved (map_x parameter image2) 32 r)) (x_11 parameter image2)
  (dE_dx_11 parameter image2).
Proof. intros parameter image2; exact (after_x_q_gradient image2 parameter 32 I I eq_refl eq_refl). Qed.
Theorem is_dE_dx_12_image1 : forall parameter image1 : positive -> R,
  is_derive (fun r => After_x.E parameter image1 (moved (map_x parameter image1) 33 r)) (x_12 parameter image1)
  (dE_dx_12 parameter image1).
Proof. intros parameter image1; exact (after_x_q_gradient image1 parameter 33 I I eq_refl eq_refl). Qed.
Theorem is_dE_dx_12_image2 : forall parameter image2 : positive -> R,
  is_derive (fun r => After_x.E parameter image2 (moved (map_x parameter image2) 33 r)) (x_12 parameter image2)
  (dE_dx_12 parameter image2).
Proof. intros parameter image2; exact (after_x_q_gradient image2 parameter 33 I I eq_refl eq_refl). Qed.
Theorem is_dE_dx_21_image1 : forall parameter image1 : positive -> R,
  is_derive (fun r => After_x.E parameter image1 (moved (map_x parameter image1) 34 r)) (x_21 parameter image1)
  (dE_dx_21 parameter image1).
Proof. intros parameter image1; exact (after_x_q_gradient image1 parameter 34 I I eq_refl eq_refl). Qed.
Theorem is_dE_dx_21_image2 : forall parameter image2 : positive -> R,
  is_derive (fun r => After_x.E parameter image2 (moved (map_x parameter image2) 34 r)) (x_21 parameter image2)
  (dE_dx_21 parameter image2).
Proof. intros parameter image2; exact (after_x_q_gradient image2 parameter 34 I I eq_refl eq_refl). Qed.
Theorem is_dE_dx_22_image1 : forall parameter image1 : positive -> R,
  is_derive (fun r => After_x.E parameter image1 (moved (map_x parameter image1) 35 r)) (x_22 parameter image1)
  (dE_dx_22 parameter image1).
Proof. intros parameter image1; exact (after_x_q_gradient image1 parameter 35 I I eq_refl eq_refl). Qed.
Theorem is_dE_dx_22_image2 : forall parameter image2 : positive -> R,
  is_derive (fun r => After_x.E parameter image2 (moved (map_x parameter image2) 35 r)) (x_22 parameter image2)
  (dE_dx_22 parameter image2).
Proof. intros parameter image2; exact (after_x_q_gradient image2 parameter 35 I I eq_refl eq_refl). Qed.
