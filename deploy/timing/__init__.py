"""What the scripts that time `metastack` have in common."""
