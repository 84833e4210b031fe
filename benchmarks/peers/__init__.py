"""What we are compared with; each module runs in the environment that its `.txt` pins."""
