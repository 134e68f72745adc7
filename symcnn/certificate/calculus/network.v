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
