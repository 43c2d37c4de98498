"""Independent models: what the code must agree with, written again and simply. They import nothing of the project."""
