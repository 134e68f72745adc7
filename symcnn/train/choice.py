"""Which backend finishes first: a model of their costs, measured once, so that a choice never depends on noise.

Seconds on a 2-core machine of 2026 (only their ratios matter):

    python        printing and compiling: a part for the network, a part for every product of every image;
                  a step: every product of every image
    numba         (extra ``fast``) importing and compiling; a step: every product of every image
    numpy         a step: a fixed part for every equation, and its multiplications for every image

``python -m tests.benchmarks.article`` prints the measured times beside the choice.
"""

import math

from symcnn.derivation import count_products
from symcnn.errors import InputError
from symcnn.network import Network
from symcnn.numeric import compile_program, numba_is_there
from symcnn.numeric.program import MAX_PRODUCTS
from symcnn.train.settings import EPOCHS

#: seconds: fixed and per product and image to build; per product and image of one step
PYTHON_BUILD, PYTHON_BUILD_EACH, PYTHON_STEP_EACH = 0.001, 2e-5, 8.8e-9
#: the same, with the import of numba and its compiler
NUMBA_BUILD, NUMBA_BUILD_EACH, NUMBA_STEP_EACH = 0.45, 1.8e-3, 3.5e-10
#: seconds per equation to build; per equation and per multiplication of one step
NUMPY_BUILD_EACH, NUMPY_STEP_EACH, NUMPY_STEP_PRODUCT = 3.5e-4, 1.2e-6, 2.5e-9

#: mini-batches: seconds per equation and step, and per product; of numba's import and compiling, fixed and per
#: equation; per product
BATCH_NUMPY_STEP_EACH, BATCH_NUMPY_PRODUCT = 1.2e-5, 2.2e-10
BATCH_NUMBA_BUILD, BATCH_NUMBA_BUILD_EACH, BATCH_NUMBA_PRODUCT = 0.6, 0.17, 6e-11


def choose(network: Network, samples: int, steps: int) -> str:
    """The backend that should finish first for this network, number of samples and steps.

    "expressions" never does: it is there to check the others.
    """
    equations = network.forward.equations
    products = 3 * samples * count_products(equations)  # forward, and about twice that backward
    straight = PYTHON_BUILD + products * (PYTHON_BUILD_EACH + steps * PYTHON_STEP_EACH)
    arrays = 3 * len(equations) * (NUMPY_BUILD_EACH + steps * NUMPY_STEP_EACH) + steps * products * NUMPY_STEP_PRODUCT
    compiled = NUMBA_BUILD + products * (NUMBA_BUILD_EACH + steps * NUMBA_STEP_EACH)
    fits = products <= 3 * MAX_PRODUCTS
    seconds = {"numpy": arrays}
    if fits:
        seconds["python"] = straight
        if numba_is_there():
            seconds["numba"] = compiled
    return min(seconds, key=lambda backend: seconds[backend])


def choose_for_epochs(network: Network, samples: int, batch_size: int, dtype: str) -> str:
    """The same for mini-batches: "numpy", or "numba" where it is there and saves more than its compiling takes.

    Thought for so many epochs as are the default, whatever is asked for: a training that is made in parts must walk as
    one, to the bit, and programs differ in the last one.
    """
    equations = network.forward.equations
    steps = EPOCHS * math.ceil(samples / batch_size)
    products = 3 * EPOCHS * samples * count_products(equations)
    arrays = steps * len(equations) * BATCH_NUMPY_STEP_EACH + products * BATCH_NUMPY_PRODUCT
    compiled = BATCH_NUMBA_BUILD + len(equations) * BATCH_NUMBA_BUILD_EACH + products * BATCH_NUMBA_PRODUCT
    if not numba_is_there() or arrays < compiled:
        return "numpy"
    try:
        compile_program(network, "numba", dtype)
    except InputError:  # too large for it
        return "numpy"
    return "numba"
