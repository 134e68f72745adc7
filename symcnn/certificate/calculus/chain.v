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
