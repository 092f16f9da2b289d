# Read by other scripts. missing says what is left out on a machine that lacks something; a pipeline
# (CI=true) must lack nothing.
missing() {
  echo "left out: $*" >&2
  [ "${CI:-}" != true ]
}
