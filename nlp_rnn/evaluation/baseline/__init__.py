"""Linear models on hand-made features: what a network has to beat to be worth its weights."""
