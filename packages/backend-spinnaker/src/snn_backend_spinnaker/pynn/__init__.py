"""Networks through PyNN, in NEST, NEURON and Brian2."""
