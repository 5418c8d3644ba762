"""What a model does over all its patients: importance that is beyond chance, shapes, pairs, markers, its logic in short."""
