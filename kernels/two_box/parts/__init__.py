"""The equations of two boxes, blocks that run them, and what is made of the pools."""
