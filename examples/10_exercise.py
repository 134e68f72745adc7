"""An exercise for a class: change one weight, predict the next step on paper, and see it in the workbook.

What the class does, with examples-output/exercise.xlsx open (its numbers are those that this program prints):

1. On Parameters, type 0.5 as the initial value of f_11. Everything follows; Checks still says "all checks pass".
2. On Backward, read ∂E_total/∂f_11: the sum over the four positions of (∂E/∂x of the position) × (the pixel under
   f_11 there), for both images. Add the eight products up by hand.
3. Predict, before looking: f_11 after one step = f_11 − η · ∂E_total/∂f_11. Does it go up or down? Will E_total fall?
4. Type 1 as the step shown (Inputs). Parameters now shows the value predicted; the amber point on Charts has moved.
5. Again with η = 30. Does E_total still fall at every step? Look at the curve, and say why a step can be too long.
"""

import itertools
from pathlib import Path

import openpyxl

import symcnn

network, data = symcnn.article.network(), symcnn.article.images()
rate, changed = 0.5, "f_11"
initial = {**symcnn.train(network, data, steps=0).parameters, changed: 0.5}

out = Path("examples-output")
out.mkdir(exist_ok=True)
path = symcnn.export_workbook(network, data, out / "exercise.xlsx", learning_rate=rate, steps=20, initial=initial)
book = openpyxl.load_workbook(path, data_only=True)


def cell(name):
    """The value of a named cell, as the workbook shows it."""
    sheet, place = book.defined_names[name].attr_text.split("!")
    return book[sheet.strip("'")][place.replace("$", "")].value


total = 0.0
for image in (1, 2):
    for x, i in (("11", "11"), ("12", "12"), ("21", "21"), ("22", "22")):
        slope, pixel = cell(f"dE_dx_{x}_image{image}"), cell(f"i_{i}_image{image}")
        total += slope * pixel
        print(f"image {image}: dE/dx_{x} × i_{i} = {slope:.6f} × {pixel}")
print(f"their sum {total:.6f}, the workbook's dE_total/df_11 {cell('dE_df_11'):.6f}")

predicted = cell(changed) - rate * total
print(f"predicted: {cell(changed)} - {rate} × {total:.6f} = {predicted:.6f}")

sheet, column = book.defined_names[f"training_{changed}"].attr_text.split("!")
[step_0], [step_1], *_ = book[sheet][column.replace("$", "")]
print(f"Training shows {step_0.value} at step 0 and {step_1.value:.6f} at step 1; all_checks: {cell('all_checks')}")

for eta in (rate, 30.0):
    losses = symcnn.train(network, data, initial=initial, learning_rate=eta, steps=20).loss
    falls = all(after < before for before, after in itertools.pairwise(losses))
    shown = ", ".join(f"{loss:.3f}" for loss in losses[:4])
    print(f"η = {eta}: E_total {shown}, …, {losses[-1]:.3f}; {'falls' if falls else 'does not fall'} at every step")
print(path)
