"""Microsoft's own validator of the file format, from a wheel that carries a .NET runtime: x86-64 Linux only.

    pip download --no-deps --dest WHEELS python-redlines-docxodus==2.0.0
    pip install pythonnet==3.0.5
    OPENXML_WHEEL=WHEELS/python_redlines_docxodus-2.0.0-py3-none-manylinux2014_x86_64.whl \\
        python -m pytest tests/workbook

The wheel is a third party's repackaging for another purpose, 45 MB: nothing of it is installed, and nothing is run but
the validator.
"""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

WHEEL = os.environ.get("OPENXML_WHEEL", "")
SHA256 = "85cb58b2784f697e4160004458b87f7b59d401f050af30005e8e29d2db0a2d56"
BINARIES = "python_redlines_docxodus/_binaries/linux-x64.tar.gz"
ASSEMBLIES = ("System.IO.Packaging", "DocumentFormat.OpenXml.Framework", "DocumentFormat.OpenXml")

needs_sdk = pytest.mark.skipif(not WHEEL, reason="no Open XML SDK validator: tests/tools/sdk.py says how to get it")


def laid_out(folder):
    """A dotnet root with the runtime and, beside it, the validator's assemblies."""
    content = Path(WHEEL).read_bytes()
    assert hashlib.sha256(content).hexdigest() == SHA256, "another wheel than the one that was tried"
    given, root = folder / "given", folder / "dotnet"
    with zipfile.ZipFile(io.BytesIO(content)) as wheel, tarfile.open(fileobj=wheel.open(BINARIES)) as files:
        files.extraction_filter = getattr(tarfile, "data_filter", None)  # Python before 3.11.4 has none
        files.extractall(given)
    dependencies = json.loads((given / "redline.deps.json").read_text("utf-8"))
    name = dependencies["runtimeTarget"]["name"]
    target = dependencies["targets"][name]
    (pack,) = (k for k in target if k.startswith("runtimepack.Microsoft.NETCore.App"))
    version, holds = pack.split("/")[1], {kind: target[pack][kind] for kind in ("runtime", "native")}
    framework, resolver = root / "shared/Microsoft.NETCore.App" / version, root / "host/fxr" / version
    for made in (framework, resolver):
        made.mkdir(parents=True)
    shutil.copy(given / "libhostfxr.so", resolver)
    for files in holds.values():
        for file in files:
            shutil.copy(given / file, framework)
    library = f"Microsoft.NETCore.App.Runtime.linux-x64/{version}"
    described = {
        "runtimeTarget": {"name": name, "signature": ""}, "compilationOptions": {},
        "targets": {name.split("/")[0]: {}, name: {library: holds}},
        "libraries": {library: {"type": "package", "serviceable": True, "sha512": ""}},
    }  # fmt: skip
    (framework / "Microsoft.NETCore.App.deps.json").write_text(json.dumps(described))
    for assembly in ASSEMBLIES:
        shutil.copy(given / f"{assembly}.dll", root)
    framework_used = {"name": "Microsoft.NETCore.App", "version": version}
    (root / "app.json").write_text(json.dumps({"runtimeOptions": {"tfm": "net10.0", "framework": framework_used}}))
    return root


def findings(root, paths):
    """What the validator says of workbooks; in a process of its own, since a runtime is loaded once and for all."""
    environment = {**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    done = subprocess.run([sys.executable, __file__, root, *paths], capture_output=True, text=True, env=environment,
                          check=True)  # fmt: skip
    *found, last = done.stdout.splitlines()
    assert last == f"{len(paths)} validated"
    return found


def _validate(root, paths):
    import pythonnet
    from clr_loader import get_coreclr

    pythonnet.set_runtime(get_coreclr(runtime_config=str(root / "app.json"), dotnet_root=str(root)))
    import clr
    from System.Reflection import Assembly

    for assembly in ASSEMBLIES:
        Assembly.LoadFrom(str(root / f"{assembly}.dll"))
        clr.AddReference(assembly)
    from DocumentFormat.OpenXml import FileFormatVersions
    from DocumentFormat.OpenXml.Packaging import SpreadsheetDocument
    from DocumentFormat.OpenXml.Validation import OpenXmlValidator

    validator = OpenXmlValidator(FileFormatVersions.Microsoft365)
    for path in paths:
        document = SpreadsheetDocument.Open(path, False)
        for error in validator.Validate(document):
            where = error.Path.XPath if error.Path else ""
            print(f"{path}: {error.Id}: {error.Description} {where}".replace("\n", " "))
        document.Dispose()
    print(f"{len(paths)} validated")


if __name__ == "__main__":
    _validate(Path(sys.argv[1]), sys.argv[2:])
