# SPDX-License-Identifier: MIT
# files/ has to be the output of "make patches" for this musl.
ROBUST := "${THISDIR}/files"
FILESEXTRAPATHS:prepend := "${ROBUST}:"
SRC_URI += "${@' '.join('file://' + p for p in sorted(os.listdir(d.getVar('ROBUST'))) if p.startswith('robust-'))}"
