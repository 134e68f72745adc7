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
