"""What the product costs in time and memory, measured on the machine it runs on."""
