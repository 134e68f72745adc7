From Coq Require Import FunctionalExtensionality Reals QArith Qreals List Bool Lra Lia.
From Coq Require micromega.EnvRing micromega.RMicromega micromega.OrderedRing micromega.RingMicromega.
From Coquelicot Require Import Coquelicot.
Import ListNotations.
Open Scope R_scope.

Definition sigmoid z := / (1 + exp (- z)).
Definition softplus z := ln (1 + exp z).
Definition gate y above below : R := if Rlt_dec 0 y then above else below.
Definition relu z := if Rlt_dec 0 z then z else 0.
Definition leaky_relu z := if Rlt_dec 0 z then z else z / 100.
Definition moved (q : positive -> R) n s : positive -> R := fun m => if Pos.eqb m n then s else q m.

Definition env := positive -> R.

Inductive func := Sigmoid | Tanh | Exp | Log | Inverse | Softplus | Relu | Leaky.
Definition apply f := match f with
| Sigmoid => sigmoid | Tanh => tanh | Exp => exp | Log => ln | Inverse => Rinv | Softplus => softplus
| Relu => relu | Leaky => leaky_relu
end.

Inductive expr :=
| V (u : positive) | A (u : positive) | Num (n : Z) | Over (x : expr) (n : positive)
| Add (x y : expr) | Sub (x y : expr) | Mul (x y : expr) | Opp (x : expr) | Pow (x : expr) (n : nat)
| Fn (f : func) (c s : positive) (x : expr).

Fixpoint eval (v a : env) e := match e with
| V u => v u | A u => a u | Num n => IZR n
| Over x n => eval v a x / IZR (Zpos n)
| Add x y => eval v a x + eval v a y
| Sub x y => eval v a x - eval v a y
| Mul x y => eval v a x * eval v a y
| Opp x => - eval v a x
| Pow x n => eval v a x ^ n
| Fn f _ _ x => apply f (eval v a x)
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
end.

Definition slope f c s := match f with
| Sigmoid => Mul (V c) (Sub (Num 1) (V c))
| Tanh => Sub (Num 1) (Mul (V c) (V c))
| Exp => V c
| Inverse => Opp (Mul (V c) (V c))
| Log => V s | Softplus => V s | Relu => V s | Leaky => V s
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
end.

(* what must hold at the point, a chain of conjunctions *)
Definition holds f x c s (rest : Prop) : Prop := match f with
| Log => 0 < x /\ s = / x /\ rest
| Inverse => x <> 0 /\ rest
| Softplus => s = sigmoid x /\ rest
| Relu => x <> 0 /\ s = gate c 1 0 /\ rest
| Leaky => x <> 0 /\ s = gate c 1 (1 / 100) /\ rest
| _ => rest
end.
Fixpoint conditions (v a : env) e (rest : Prop) : Prop := match e with
| V _ => rest | A _ => rest | Num _ => rest
| Over x _ => conditions v a x rest
| Opp x => conditions v a x rest
| Pow x _ => conditions v a x rest
| Add x y => conditions v a x (conditions v a y rest)
| Sub x y => conditions v a x (conditions v a y rest)
| Mul x y => conditions v a x (conditions v a y rest)
| Fn f c s x => conditions v a x (v c = apply f (eval v a x) /\ holds f (eval v a x) (v c) (v s) rest)
end.

Lemma holds_rest f x c s rest : holds f x c s rest -> rest.
Proof. destruct f; simpl; tauto. Qed.
Lemma conditions_rest v a e : forall rest, conditions v a e rest -> rest.
Proof.
induction e; simpl; intros rest H; try exact H; try exact (IHe _ H); try exact (IHe2 _ (IHe1 _ H)).
apply IHe in H; destruct H as [_ H]; exact (holds_rest _ _ _ _ _ H).
Qed.

Lemma conditions_named v a e : forall rest, conditions v a e rest -> named v a e = eval v a e.
Proof.
induction e; simpl; intros rest H; try reflexivity;
try (rewrite (IHe1 _ H), (IHe2 _ (conditions_rest _ _ _ _ H)); reflexivity); try (rewrite (IHe _ H); reflexivity).
apply conditions_rest in H; exact (proj1 H).
Qed.

Definition edges := list (positive * expr).
Fixpoint back e up : edges := match e with
| V u => [(u, up)] | A _ => [] | Num _ => []
| Over x n => back x (Over up n)
| Add x y => back x up ++ back y up
| Sub x y => back x up ++ back y (Opp up)
| Mul x y => back x (Mul up y) ++ back y (Mul up x)
| Opp x => back x (Opp up)
| Pow x n => back x (Mul up (Mul (Num (Z.of_nat n)) (Pow x (pred n))))
| Fn f c s x => back x (Mul up (slope f c s))
end.

Fixpoint total (v a d : env) (l : edges) := match l with
| [] => 0
| (u, j) :: l => named v a j * d u + total v a d l
end.

Lemma total_app v a d l m : total v a d (l ++ m) = total v a d l + total v a d m.
Proof. induction l as [|[u j] l IH]; simpl; [ring | rewrite IH; ring]. Qed.

Lemma back_total v a d e : forall up rest, conditions v a e rest ->
  total v a d (back e up) = named v a up * tangent v a d e.
Proof.
induction e; intros up rest H; simpl in *; try (rewrite (IHe _ _ H); simpl; unfold Rdiv; ring).
- ring.
- ring.
- ring.
- rewrite total_app, (IHe1 _ _ H), (IHe2 _ _ (conditions_rest _ _ _ _ H)); ring.
- rewrite total_app, (IHe1 _ _ H), (IHe2 _ _ (conditions_rest _ _ _ _ H)); simpl; ring.
- rewrite total_app, (IHe1 _ _ H), (IHe2 _ _ (conditions_rest _ _ _ _ H)); simpl.
  rewrite (conditions_named _ _ _ _ H), (conditions_named _ _ _ _ (conditions_rest _ _ _ _ H)); ring.
- rewrite (IHe _ _ H); simpl; rewrite (conditions_named _ _ _ _ H); ring.
Qed.

(* --- derivatives of the leaf functions --- *)

Lemma der_eq (f : R -> R) (x a b : R) : is_derive f x a -> a = b -> is_derive f x b.
Proof. intros H <-; exact H. Qed.
Lemma der_const (c x : R) : is_derive (fun _ => c) x 0.
Proof. exact (is_derive_const c x). Qed.
Lemma der_id (x : R) : is_derive (fun s => s) x 1.
Proof. exact (is_derive_id x). Qed.
Lemma der_plus (f g : R -> R) (x a b : R) : is_derive f x a -> is_derive g x b -> is_derive (fun s => f s + g s) x (a + b).
Proof. exact (is_derive_plus f g x a b). Qed.
Lemma der_minus (f g : R -> R) (x a b : R) : is_derive f x a -> is_derive g x b -> is_derive (fun s => f s - g s) x (a - b).
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
Lemma der_comp (f g : R -> R) (x a b : R) : is_derive f (g x) a -> is_derive g x b -> is_derive (fun s => f (g s)) x (a * b).
Proof. intros F G; eapply der_eq; [exact (is_derive_comp f g x a b F G) | exact (Rmult_comm b a)]. Qed.

Lemma der_exp z : is_derive exp z (exp z).
Proof. exact (is_derive_exp z). Qed.
Lemma der_sigmoid z : is_derive sigmoid z (sigmoid z * (1 - sigmoid z)).
Proof.
unfold sigmoid; assert (P := exp_pos (- z)); eapply der_eq;
[apply (is_derive_inv (fun s => 1 + exp (- s)) z (0 + exp (- z) * - 1));
 [exact (der_plus _ _ z _ _ (der_const 1 z) (der_comp exp (fun s => - s) z _ _ (der_exp (- z)) (der_opp _ z 1 (der_id z)))) | lra]
| field; lra].
Qed.

Lemma der_inverse z : z <> 0 -> is_derive Rinv z (- (/ z * / z)).
Proof.
intro N; eapply der_eq; [exact (is_derive_inv (fun s => s) z 1 (der_id z) N) | simpl; field; exact N].
Qed.
Lemma der_ln z : 0 < z -> is_derive ln z (/ z).
Proof. exact (is_derive_ln z). Qed.
Lemma der_softplus z : is_derive softplus z (sigmoid z).
Proof.
assert (P := exp_pos z); assert (P' := exp_pos (- z)); unfold softplus, sigmoid; eapply der_eq.
- apply (der_comp ln (fun s => 1 + exp s) z (/ (1 + exp z)) (0 + exp z)); [apply der_ln; lra |].
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

Lemma near (z : R) (P : R -> Prop) : z <> 0 -> (forall y, 0 < y * z -> P y) -> locally z P.
Proof.
intros N H; assert (A : 0 < Rabs z) by (apply Rabs_pos_lt; exact N); exists (mkposreal _ A); intros y B.
apply H; change (Rabs (y - z) < Rabs z) in B.
unfold Rabs in B; repeat destruct Rcase_abs in B; nra.
Qed.
Lemma der_split (f : R -> R) above below z : z <> 0 -> (forall y, 0 < y -> f y = above * y) -> (forall y, y < 0 -> f y = below * y) ->
  is_derive f z (if Rlt_dec 0 z then above else below).
Proof.
intros N HA HB; assert (L : forall c, is_derive (fun y => c * y) z c).
{ intro c; eapply der_eq; [exact (der_mult _ _ z _ _ (der_const c z) (der_id z)) | simpl; ring]. }
destruct (Rlt_dec 0 z); eapply is_derive_ext_loc; [| apply L | | apply L]; apply near; try exact N;
intros y Y; symmetry; [apply HA | apply HB]; nra.
Qed.
Lemma der_relu z : z <> 0 -> is_derive relu z (gate (relu z) 1 0).
Proof.
intro N; eapply der_eq; [apply (der_split relu 1 0 z N); intros y Y; unfold relu; destruct Rlt_dec; lra |].
unfold gate, relu; repeat destruct Rlt_dec; lra.
Qed.
Lemma der_leaky z : z <> 0 -> is_derive leaky_relu z (gate (leaky_relu z) 1 (1 / 100)).
Proof.
intro N; eapply der_eq; [apply (der_split leaky_relu 1 (1 / 100) z N); intros y Y; unfold leaky_relu; destruct Rlt_dec; lra |].
unfold gate, leaky_relu; repeat destruct Rlt_dec; lra.
Qed.

Lemma func_derive f v a x c s rest : v c = apply f x -> holds f x (v c) (v s) rest ->
  is_derive (apply f) x (named v a (slope f c s)).
Proof.
destruct f; simpl; intros E H; try destruct H as [H1 H2]; try destruct H2 as [H2 H3]; rewrite ?E in *; rewrite ?H1, ?H2.
- apply der_sigmoid.
- apply der_tanh.
- apply der_exp.
- apply der_ln, H1.
- apply der_inverse, H1.
- apply der_softplus.
- apply der_relu, H1.
- apply der_leaky, H1.
Qed.

Definition tape := list (positive * expr).
Fixpoint reads e : list positive := match e with
| V u => [u] | A _ => [] | Num _ => [] | Opp x => reads x | Pow x _ => reads x | Over x _ => reads x
| Add x y => reads x ++ reads y | Sub x y => reads x ++ reads y | Mul x y => reads x ++ reads y
| Fn _ _ _ x => reads x
end.
Definition partials e : edges := back e (Num 1).

Lemma eval_derive (v : R -> env) a s0 d e : forall rest, conditions (v s0) a e rest ->
  (forall u, In u (reads e) -> is_derive (fun s => v s u) s0 (d u)) ->
  is_derive (fun s => eval (v s) a e) s0 (tangent (v s0) a d e).
Proof.
induction e; simpl; intros rest C H; try exact (der_const _ s0).
- apply H; auto.
- eapply der_eq; [apply (der_mult (fun s => eval (v s) a e) (fun _ => / IZR (Zpos n)) s0 _ 0 (IHe _ C H)), der_const |].
  simpl; unfold Rdiv; ring.
- apply der_plus; [apply (IHe1 _ C) | apply (IHe2 _ (conditions_rest _ _ _ _ C))]; intros; apply H; apply in_or_app; auto.
- apply der_minus; [apply (IHe1 _ C) | apply (IHe2 _ (conditions_rest _ _ _ _ C))]; intros; apply H; apply in_or_app; auto.
- apply (der_mult (fun s => eval (v s) a e1) (fun s => eval (v s) a e2)); 
  [apply (IHe1 _ C) | apply (IHe2 _ (conditions_rest _ _ _ _ C))]; intros; apply H; apply in_or_app; auto.
- exact (der_opp _ _ _ (IHe _ C H)).
- exact (der_pow (fun s => eval (v s) a e) _ _ _ (IHe _ C H)).
- apply (der_comp (apply f) (fun s => eval (v s) a e)); [| exact (IHe _ C H)].
  destruct (conditions_rest _ _ _ _ C) as [E F]; exact (func_derive f (v s0) a _ c s rest E F).
Qed.

Section Curve.
Variables (v : R -> env) (a : env) (s0 : R).
Let w := v s0.

Definition smooth e := conditions w a e True.
Lemma node_derive k e d : (forall s, v s k = eval (v s) a e) -> smooth e ->
  (forall u, In u (reads e) -> is_derive (fun s => v s u) s0 (d u)) ->
  is_derive (fun s => v s k) s0 (total w a d (partials e)).
Proof.
intros E S H; apply (is_derive_ext (fun s => eval (v s) a e)); [intro s; symmetry; apply E |].
unfold partials; rewrite (back_total _ _ _ _ _ _ S); simpl; eapply der_eq; [eapply eval_derive; eassumption | fold w; ring].
Qed.

Fixpoint ordered b (t : tape) := match t with
| [] => true
| (k, n) :: t => Pos.eqb k b && forallb (fun r => Pos.ltb r k) (reads n) && ordered (Pos.succ b) t
end.
Fixpoint run (d : env) (t : tape) := match t with
| [] => d
| (k, n) :: t => run (moved d k (total w a d (partials n))) t
end.

Definition right_node kn := (forall s, v s (fst kn) = eval (v s) a (snd kn)) /\ smooth (snd kn).

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

Lemma back_reads e : forall up u j, In (u, j) (back e up) -> In u (reads e).
Proof.
induction e; simpl; intros up u' j H; try contradiction; try (eapply IHe; exact H);
try (apply in_app_or in H; apply in_or_app; destruct H as [H | H]; [left; eapply IHe1 | right; eapply IHe2]; exact H).
destruct H as [H | []]; injection H; auto.
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
  + assert (d p = 1) as E by (unfold d; rewrite run_other by exact P; unfold delta; rewrite Pos.eqb_refl; reflexivity).
    simpl in H; rewrite E in H; lra.
  + constructor; [exact P | exact (keys_once _ _ t_ordered)].
  + intros u [<- | U]; [exact p_claimed | exact (nodes_claimed _ U)].
  + intros u U; unfold d; rewrite run_other by (intro; apply U; right; assumption); unfold delta.
    destruct (Pos.eqb_spec u p); [subst; exfalso; apply U; left; reflexivity | ring].
- intros u U; rewrite (cs_right u U); destruct (Pos.eqb_spec u last) as [-> |]; ring.
Qed.
End Curve.

(* --- equality of polynomials, computed --- *)

Fixpoint polynomial e : EnvRing.PExpr Q := match e with
| V u => EnvRing.PEX (xO u) | A u => EnvRing.PEX (xI u) | Num n => EnvRing.PEc (n # 1)
| Over x n => EnvRing.PEmul (polynomial x) (EnvRing.PEc (1 # n))
| Add x y => EnvRing.PEadd (polynomial x) (polynomial y)
| Sub x y => EnvRing.PEsub (polynomial x) (polynomial y)
| Mul x y => EnvRing.PEmul (polynomial x) (polynomial y)
| Opp x => EnvRing.PEopp (polynomial x)
| Pow x n => EnvRing.PEpow (polynomial x) (N.of_nat n)
| Fn _ c _ _ => EnvRing.PEX (xO c)
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

Definition right_claim last l (uc : positive * expr) :=
  same (snd uc) (Add (if Pos.eqb (fst uc) last then Num 1 else Num 0) (into (fst uc) l)).
Definition wrong last t cs := map fst (filter (fun uc => negb (right_claim last (all_edges last t) uc)) cs).

(* --- a network: its quantities as functions of parameters and image --- *)

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
destruct (right_claim last (all_edges last t) (u, c)) eqn:H.
- apply (same_named v a) in H; simpl in H; rewrite H; destruct (Pos.eqb u last); simpl; ring.
- exfalso; assert (F : In (u, c) []); [| destruct F].
  rewrite <- W; apply filter_In; split; [exact I | rewrite H; reflexivity].
Qed.

Fixpoint conditions_all (v a : env) (t : tape) : Prop := match t with
| [] => True | (_, e) :: t => conditions v a e (conditions_all v a t)
end.
Lemma conditions_weak v a e : forall rest rest' : Prop, (rest -> rest') -> conditions v a e rest -> conditions v a e rest'.
Proof.
induction e; simpl; intros rest rest' H C; auto; try (eapply IHe1; [| exact C]; apply IHe2, H); try (eapply IHe; [| exact C]; auto).
intros [E F]; split; [exact E |]; destruct f; simpl in *; intuition.
Qed.
Lemma all_each v a t k e : conditions_all v a t -> In (k, e) t -> conditions v a e True.
Proof.
induction t as [|[k' e'] t IH]; simpl; intros C I; [contradiction |]; destruct I as [I | I].
- injection I; intros; subst; apply (conditions_weak _ _ _ _ True (fun _ => Logic.I) C).
- exact (IH (conditions_rest _ _ _ _ C) I).
Qed.

Section Network.
Variables (b last : positive) (t : tape) (cs : claims).
Variables (inputs : env -> positive -> R) (v a : env -> env).
Definition from_inputs := forall q u, (u < b)%positive -> v q u = inputs q u.
Definition values := forall q a', map (fun kn => v q (fst kn)) t = map (fun kn => eval (v q) a' (snd kn)) t.
Definition claimed := forall q, map (fun uc => a q (fst uc)) cs = map (fun uc => named (v q) (a q) (snd uc)) cs.
Hypothesis t_proper : proper b last t cs = true.
Hypothesis t_wrong : wrong last t cs = [].
Hypothesis h_inputs : from_inputs.
Hypothesis h_values : values.
Hypothesis h_claimed : claimed.
Hypothesis h_last : forall q, a q last = 1.

Lemma gradient q p : (p <? b)%positive = true -> mem p (map fst cs) = true ->
  (forall u, is_derive (fun s => inputs (moved q p s) u) (q p) (if Pos.eqb u p then 1 else 0)) ->
  conditions_all (v q) (a q) t ->
  is_derive (fun s => v (moved q p s) last) (q p) (a q p).
Proof.
intros L M I S.
unfold proper in t_proper; apply andb_prop in t_proper as [P P4]; apply andb_prop in P as [P P3]; apply andb_prop in P as [P1 P2].
apply (chain_rule (fun s => v (moved q p s)) (a q) (q p) last cs b p t P1).
- apply Forall_forall; intros [k n] K; split; simpl.
  + intro s; exact (map_same _ _ _ _ (h_values (moved q p s) (a q)) K).
  + unfold smooth; rewrite moved_back; exact (all_each _ _ _ _ _ S K).
- apply h_last.
- exact (mem_in _ _ P2).
- intros u U; apply (is_derive_ext (fun s => inputs (moved q p s) u)); [intro; symmetry; apply h_inputs, U | apply I].
- apply Pos.ltb_lt, L.
- exact (once_nodup _ P3).
- exact (mem_in _ _ M).
- intros k K; rewrite forallb_forall in P4; exact (mem_in _ _ (P4 k K)).
- intros u U; apply in_map_iff in U as [[u' c] [E U]]; simpl in E; subst u'; rewrite moved_back.
  rewrite <- (wrong_right last t cs (v q) (a q) u c t_wrong U).
  exact (map_same _ _ _ _ (h_claimed q) U).
Qed.
End Network.

Definition within (low high : positive) (moving fixed : env) : env :=
  fun u => if Pos.leb low u && Pos.ltb u high then moving u else fixed u.
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
