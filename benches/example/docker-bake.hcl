# For scripts/bench-example: the stages of the Dockerfile beside this, as four targets.
variable "BASE" {}
variable "REVISION" {}
group "default" { targets = ["core", "prov", "cat", "cat-prov"] }
target "core" {
  target = "core"
  tags   = ["factory-bench/core:bake"]
  args   = { BASE = BASE }
  labels = { "org.opencontainers.image.revision" = REVISION }
}
target "prov" {
  target = "prov"
  tags   = ["factory-bench/prov:bake"]
  args   = { BASE = BASE }
  labels = { "org.opencontainers.image.revision" = REVISION }
}
target "cat" {
  target = "cat"
  tags   = ["factory-bench/cat:bake"]
  args   = { BASE = BASE }
  labels = { "org.opencontainers.image.revision" = REVISION }
}
target "cat-prov" {
  target = "cat-prov"
  tags   = ["factory-bench/cat-prov:bake"]
  args   = { BASE = BASE }
  labels = { "org.opencontainers.image.revision" = REVISION }
}
