# SPDX-License-Identifier: MIT
# files/ is what "make patches" wrote for the musl there.
ROBUST := "${THISDIR}/files"
FILESEXTRAPATHS:prepend := "${ROBUST}:"
SRC_URI += "${@' '.join('file://' + p for p in sorted(os.listdir(d.getVar('ROBUST'))) if p.startswith('robust-'))}"
