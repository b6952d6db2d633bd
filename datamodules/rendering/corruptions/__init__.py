"""The corruptions of CIFAR-10-C (Hendrycks & Dietterich, ICLR 2019) at level 5, for 32 pixels."""
