"""What pyproject.toml cannot say: the version stands in Cargo.toml alone.

SETUPTOOLS_RUST_CARGO_PROFILE=quick builds with less optimisation, for tests; the default is the profile release.
"""

import re
from pathlib import Path

from setuptools import setup

MANIFEST = (Path(__file__).parent / "Cargo.toml").read_text()
VERSION = re.search(r'^\[workspace\.package\]\nversion = "([^"]+)"', MANIFEST, re.MULTILINE)
if VERSION is None:
    raise SystemExit("Cargo.toml has no version under [workspace.package]")

setup(version=VERSION.group(1))
