# SPDX-License-Identifier: MIT
# An overlay for nixpkgs. Its directory has to have the output of "make patches":
# glibc-2.42 and so on.
final: prev:
let
  inherit (prev) lib;
  # "2.42-67" is 2.42 with the patches of its release branch.
  robust = name: package: package.overrideAttrs (old:
    let dir = ./. + "/${name}-${lib.head (lib.splitString "-" old.version)}";
    in {
      patches = (old.patches or [ ]) ++ map (p: dir + "/${p}")
        (lib.filter (lib.hasPrefix "robust-")
          (lib.splitString "\n" (builtins.readFile (dir + "/series"))));
    });
in {
  glibc = robust "glibc" prev.glibc;
  musl = robust "musl" prev.musl;
}
