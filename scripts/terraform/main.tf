# An auto scaling group whose machines become one Consul cluster: each is given the
# user-data of scripts/cloud-init, and may do what that needs. Before the group ends a
# machine, its node leaves the cluster.
#
# The secrets that the user-data names, and the archive, are to be there already.

terraform {
  required_version = ">= 1.11"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0"
    }
  }
}

locals {
  text = file("${path.module}/../cloud-init/user-data")

  # The same with your own in place of what it wants replaced.
  user_data = replace(replace(replace(replace(local.text,
    "my-bucket", var.bucket),
    "my-artefacts", var.artefacts),
    "my-group", var.group),
  "sum=0000000000000000000000000000000000000000000000000000000000000000", "sum=${var.checksum}")
}

resource "aws_iam_role" "node" {
  name = var.group
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ec2.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

# The registry: the policy of the README.
resource "aws_iam_role_policy" "registry" {
  name = "registry"
  role = aws_iam_role.node.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Action    = "s3:ListBucket"
        Resource  = "arn:aws:s3:::${var.bucket}"
        Condition = { StringLike = { "s3:prefix" = ["consul/servers/*", "consul/agents/*", "consul/cluster.*"] } }
      },
      {
        Effect = "Allow"
        Action = ["s3:GetObject", "s3:PutObject"]
        Resource = [
          "arn:aws:s3:::${var.bucket}/consul/servers/*",
          "arn:aws:s3:::${var.bucket}/consul/agents/*",
          "arn:aws:s3:::${var.bucket}/consul/cluster.*",
        ]
      },
      {
        Effect = "Allow"
        Action = "s3:DeleteObject"
        Resource = [
          "arn:aws:s3:::${var.bucket}/consul/servers/*",
          "arn:aws:s3:::${var.bucket}/consul/agents/*",
          "arn:aws:s3:::${var.bucket}/consul/cluster.probe-*",
        ]
      },
    ]
  })
}

# Snapshots of Consul's state, if the user-data sets AC_SNAPSHOTS. They hold all tokens in
# clear, and each machine of this group may become a server and read them. Encrypt the
# bucket with a key of its own, and let nobody else have it.
resource "aws_iam_role_policy" "snapshots" {
  count = var.snapshots ? 1 : 0
  name  = "snapshots"
  role  = aws_iam_role.node.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Action    = "s3:ListBucket"
        Resource  = "arn:aws:s3:::${var.bucket}"
        Condition = { StringLike = { "s3:prefix" = "consul/snapshots/*" } }
      },
      {
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
        Resource = "arn:aws:s3:::${var.bucket}/consul/snapshots/*"
      },
    ]
  })
}

# What a machine reads when it starts: the archive and the secrets.
resource "aws_iam_role_policy" "start" {
  name = "start"
  role = aws_iam_role.node.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = "arn:aws:s3:::${var.artefacts}/auto-consul.tar.gz"
      },
      {
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = "arn:aws:secretsmanager:*:*:secret:consul/*"
      },
    ]
  })
}

# A node that has left tells the group to go on.
resource "aws_iam_role_policy" "leave" {
  name = "leave"
  role = aws_iam_role.node.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "autoscaling:CompleteLifecycleAction"
      Resource = "arn:aws:autoscaling:*:*:autoScalingGroup:*:autoScalingGroupName/${var.group}"
    }]
  })
}

resource "aws_iam_instance_profile" "node" {
  name = var.group
  role = aws_iam_role.node.name
}

resource "aws_launch_template" "node" {
  name                   = var.group
  image_id               = var.image
  instance_type          = var.instance_type
  vpc_security_group_ids = var.security_groups
  user_data              = base64encode(local.user_data)

  iam_instance_profile {
    name = aws_iam_instance_profile.node.name
  }

  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required"
  }
}

resource "aws_autoscaling_group" "node" {
  name                = var.group
  min_size            = var.size
  max_size            = var.size
  vpc_zone_identifier = var.subnets

  # To move a machine to another zone would start its successor before it leaves, and
  # that would find all places held and become a client.
  suspended_processes = ["AZRebalance"]

  launch_template {
    id      = aws_launch_template.node.id
    version = aws_launch_template.node.latest_version
  }

  tag {
    key                 = "Name"
    value               = var.group
    propagate_at_launch = true
  }

  # No machine may start before it may read the registry and its secrets.
  depends_on = [
    aws_iam_role_policy.registry, aws_iam_role_policy.snapshots,
    aws_iam_role_policy.start, aws_iam_role_policy.leave,
  ]
}

# How long a server that would take the quorum with it may wait for others.
resource "aws_autoscaling_lifecycle_hook" "leave" {
  name                   = "auto-consul-leave"
  autoscaling_group_name = aws_autoscaling_group.node.name
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_TERMINATING"
  heartbeat_timeout      = 600
  default_result         = "CONTINUE"
}
