"""What a user would pick instead: each file is a whole program that brings a shop's orders to M3."""
