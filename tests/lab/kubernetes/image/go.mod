module labimage

go 1.24.0
