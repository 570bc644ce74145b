module nautes.lab/standin

go 1.24
