"""Train the article's network on its two images, from other initial values, until the error is small."""

import symcnn

network, data = symcnn.article.network(), symcnn.article.images()
run = symcnn.train(network, data, learning_rate=1.0, seed=7, stop_below=0.001)

print(run)
for label, outputs in zip(data.labels, run.predictions, strict=True):
    print(f"{label}: o_1 = {outputs[0]:.3f}, o_2 = {outputs[1]:.3f}")
print({name: round(value, 3) for name, value in run.parameters.items() if name.startswith("f_")})
