"""What is true before any explanation: patients, features, model bundles, predictions."""
