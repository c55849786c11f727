"""What the code of a route does not say about itself: its name, who may call it, its answer and its refusals."""
