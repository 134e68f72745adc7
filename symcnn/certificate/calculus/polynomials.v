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
