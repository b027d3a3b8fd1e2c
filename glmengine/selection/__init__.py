"""Which terms a unit needs: nested models on one split, what each term contributes, and ways to choose among them."""
