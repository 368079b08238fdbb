"""A kernel that goes day by day and from slab to slab, and what its members can be told to do."""
