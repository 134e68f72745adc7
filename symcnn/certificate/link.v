
(* ----- $title ----- *)

$shifts
$adjoints
Section $section.
Variable image : positive -> R.
$before
(* the values of all quantities by number, as a function of what moves *)
Definition ${q}_inputs$at ($moving : env) : env := within $low $high $moving $fixed.
Definition $q$at ($moving : env) : env := staged $first $until (${q}_inputs$at $moving) $otherwise (
$values).
Definition ${q}_few : list positive := [$few].

Lemma ${q}_from_inputs$at : from_inputs $first (${q}_inputs$at) ($q$at).
Proof. intros $moving u L; apply staged_inputs; exact L. Qed.
Lemma ${q}_obeys_many$at : values_of ${name}_tape ($q$at) ${q}_few false.
Proof. intros $moving a; reflexivity. Qed.
Lemma ${q}_obeys_few$at : values_of ${name}_tape ($q$at) ${q}_few true.
Proof. intros $moving a; exact $any_shift. Qed.
$then
Lemma ${q}_whole : $here $point = $whole.
Proof. $is_whole Qed.

(* what the claims and the calls demand at the point *)
Lemma ${q}_claimed : claimed ${name}_claims $here $g $point.
Proof. unfold claimed; ${as_whole}reflexivity. Qed.
Lemma ${q}_equal : map fst (of_all (equalities ($here $point) $g) ${name}_tape) =
  map snd (of_all (equalities ($here $point) $g) ${name}_tape).
Proof. ${as_whole}reflexivity. Qed.
${opaque}Lemma ${q}_kinks n : $no_kink ->
  every (map (kinkless (along_v $here $point n) ($here $point) $g) (of_all (calls has_kink) ${name}_tape)).
Proof. intro H; exact H. Qed.
Lemma ${q}_windows n : $no_tie ->
  every (map (winner (along_v $here $point n) ($here $point)) (of_all windows ${name}_tape)).
Proof. intro H; apply settled_windows; exact H. Qed.
${transparent}Lemma ${q}_positive : every (map (fun x => 0 < eval ($here $point) $g x) (of_all (calls wants_positive) ${name}_tape)).
Proof. ${as_whole}exact $positive. Qed.

Lemma ${q}_gradient n : $no_kink -> $no_tie ->
  Pos.leb $low n && Pos.ltb n $high = true -> mem n (map fst ${name}_claims) = true ->
  is_derive (fun r => $here (moved $point n r) $last%positive) ($point n) ($g n).
Proof.
intros K T L M; apply (gradient $first $last ${name}_tape ${name}_claims (${q}_inputs$here_at) $here $g $point n ${q}_few
  ${name}_proper ${name}_obeys (${q}_from_inputs$here_at) (${q}_obeys_many$here_at) (${q}_obeys_few$here_at) ${q}_claimed
  eq_refl ${q}_equal (${q}_kinks n K) (${q}_windows n T) ${q}_positive); [| exact M |].
- apply andb_prop in L as [_ L]; apply Pos.ltb_lt in L; apply Pos.ltb_lt; lia.
- intro u; unfold ${q}_inputs; apply within_derive; exact L.
Qed.
End $section.
