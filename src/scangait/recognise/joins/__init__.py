"""What joins scans of several sources to one campaign: one file per proof."""
