
refine (part_is_whole $low $high $first $last network_tape ${name}_tape (network_q image$here_at) $here parameter
  network_q_few ${q}_few [$cells] _ _ _ _ _ _ (network_q_obeys_many image$here_at) (network_q_obeys_few image$here_at)
  (${q}_obeys_many$here_at) (${q}_obeys_few$here_at) _ _).
- vm_compute; reflexivity.
- vm_compute; reflexivity.
- reflexivity.
- lia.
- reflexivity.
- intros k e K; rewrite ${name}_tape_part in K; exact (proj1 (proj1 (filter_In _ _ _) K)).
- intros u L; exact (${q}_from_inputs$here_at _ u L).
- intros u L; apply staged_fixed; [lia | exact L].
