"""One gradient of the article's network, in every form: the filter weight f_12."""

import symcnn

derivation = symcnn.derive(symcnn.article.network())
gradient = derivation["f_12"]

print("with adjoints: ", gradient.formula)
print("over 2 images: ", gradient.total)
print("the chain rule, from the error down to f_12:")
for step in gradient.steps:
    print("   ", step)
print("operations in closed form:", gradient.expanded.count_ops())
