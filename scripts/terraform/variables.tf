variable "bucket" {
  description = "The bucket of the registry, which is below consul in it."
  type        = string
}

variable "artefacts" {
  description = "The bucket that holds auto-consul.tar.gz, as the user-data describes it."
  type        = string
}

variable "checksum" {
  description = "The SHA-256 checksum of auto-consul.tar.gz, in hexadecimal digits."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.checksum))
    error_message = "The checksum has 64 digits, 0 to 9 and a to f."
  }
}

variable "image" {
  description = "The machine image: Debian 12 with cloud-init."
  type        = string
}

variable "subnets" {
  description = "The IDs of the subnets in which the machines are, best in as many availability zones as there are servers."
  type        = list(string)
}

variable "security_groups" {
  description = "The IDs of their security groups. All machines must reach each other at Consul's ports."
  type        = list(string)
}

variable "group" {
  description = "The name of the auto scaling group, and of all that belongs to it."
  type        = string
  default     = "consul"
}

variable "instance_type" {
  description = "What machines they are."
  type        = string
  default     = "t3.small"
}

variable "size" {
  description = "How many machines there are. Three of them become servers, the others clients."
  type        = number
  default     = 3
}

variable "snapshots" {
  description = "Whether the machines may keep snapshots of Consul's state in the registry."
  type        = bool
  default     = false
}
