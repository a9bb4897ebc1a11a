"""A server of SavedModels with the interfaces of TensorFlow Serving, for one machine and development."""
