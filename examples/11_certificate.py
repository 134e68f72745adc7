"""A certificate: the gradients as theorems over the real numbers, which a proof assistant's kernel checks.

What it writes can be checked by anyone who has Coq and Coquelicot, without symcnn: coqc examples-output/certificate.v
"""

import re
from pathlib import Path

import symcnn
from symcnn.certificate import recheck

network, data = symcnn.article.network(), symcnn.article.images()
out = Path("examples-output")
out.mkdir(exist_ok=True)
path = symcnn.write_certificate(network, out / "certificate.v", data=data)
text = path.read_text("utf-8")

specification, theorems = text[text.index("Module Spec.") :].split("(* ===== The theorems ===== *)")
for quantity in ("x_11", "E", "dE_df_12"):
    print(re.search(rf"^Definition {quantity} := .*", specification, re.MULTILINE)[0])
print(re.search(r"^Theorem is_dE_df_12 .*?(?=Proof)", theorems, re.MULTILINE | re.DOTALL)[0])
print("theorems:", theorems.count("Theorem is_"))

# someone hands in a file: Coq sees it only if it is what symcnn writes for this network
verdict = recheck(path, network, data)
print("as it was written:", verdict.status)
other = out / "handed_in.v"
other.write_text(text.replace("dE_do_1 := o_1 - t_1", "dE_do_1 := t_1 - o_1"), "utf-8")
print("with one sign turned:", recheck(other, network, data).reason)
print(path, other, sep="\n")
