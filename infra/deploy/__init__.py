"""`make deploy`, `make bootstrap` and `make smoke`: an installation in the AWS account of your credentials."""
