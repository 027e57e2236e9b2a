;; SPDX-License-Identifier: MIT
;; Guix' glibc with the patches that "make patches" wrote for its version, in the
;; directory of this file: glibc-2.41, for instance.
(define-module (robust)
  #:use-module (gnu packages base)
  #:use-module (guix gexp)
  #:use-module (guix packages)
  #:use-module (ice-9 textual-ports))

(define directory
  (string-append (dirname (current-filename)) "/glibc-" (package-version glibc)))

(define patches
  (map (lambda (line)
         (local-file (string-append directory "/" line)))
       (filter (lambda (line)
                 (string-prefix? "robust-" line))
               (string-split (call-with-input-file (string-append directory "/series")
                               get-string-all)
                             #\newline))))

;; (with-robust PACKAGE): the built PACKAGE with the patched glibc grafted onto it.
(define-public with-robust
  (package-input-rewriting/spec
   `((,(string-append "glibc@" (package-version glibc))
      . ,(lambda (stock)
           (package
             (inherit stock)
             (replacement (package-with-extra-patches stock patches))))))))
