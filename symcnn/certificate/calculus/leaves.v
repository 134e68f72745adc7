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
