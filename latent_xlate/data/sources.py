"""placeholder being extended"""
from __future__ import annotations
import gzip
from pathlib import Path
import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

def read_idx(path):
    raw = gzip.open(path).read() if str(path).endswith(".gz") else Path(path).read_bytes()
    ndim = raw[3]
    shape = np.frombuffer(raw, ">i4", ndim, 4)
    return np.frombuffer(raw, np.uint8, offset=4+4*ndim).reshape(shape)

def store(name, raw, data_dir, names=None):
    raw=Path(raw)
    splits={}
    for s,p in (("train","train"),("test","t10k")):
        x=read_idx(raw/f"{p}-images-idx3-ubyte.gz")[...,None]; y=read_idx(raw/f"{p}-labels-idx1-ubyte.gz").astype("int64")
        splits[s]=tf.data.Dataset.from_tensor_slices({"image":x,"label":y})
    f=tfds.features.FeaturesDict({"image":tfds.features.Image(shape=(28,28,1)),"label":tfds.features.ClassLabel(names=names or [str(i) for i in range(10)])})
    tfds.dataset_builders.store_as_tfds_dataset(name=name,version="3.0.1",features=f,split_datasets=splits,data_dir=data_dir)
