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
