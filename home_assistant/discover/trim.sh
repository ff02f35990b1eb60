#!/bin/sh
# Take out of a folder of installed packages what the app never reads.
set -eu
cd "$1"
# Installers; the client of a model hub; the model tools of onnxruntime, and its library for C++.
rm -rf pip pip-* setuptools setuptools-* hf_xet hf_xet-* huggingface_hub huggingface_hub-*
rm -rf onnxruntime/transformers onnxruntime/tools onnxruntime/quantization onnxruntime/capi/libonnxruntime.so.*
# Figures on paper: the app draws in the browser.
rm -rf matplotlib matplotlib-* mpl_toolkits fontTools fonttools-* PIL pillow-* pillow.libs contourpy kiwisolver
# Dictionaries of other languages than that of the questions.
find simplemma -name '*.plzma' ! -name en.plzma -delete
find . -type d \( -name tests -o -name test \) -prune -exec rm -rf {} +
find . -type f \( -name '*.pyi' -o -name '*.pxd' -o -name '*.pyx' -o -name '*.h' -o -name '*.hpp' -o -name '*.a' \) -delete
# Symbols of compiled code. Libraries in *.libs were changed after linking, which strip may break.
find . -name '*.so' -not -path './*.libs/*' -exec strip --strip-unneeded {} +
