package main

import (
	"encoding/json"
	"testing"
)

func TestReviews(t *testing.T) {
	var got struct {
		APIVersion, Kind string
		Response         struct {
			UID              string
			Allowed          bool
			ConvertedObjects []object
			Result           struct{ Status string }
		}
	}
	admission := `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u1"}}`
	if err := json.Unmarshal(review([]byte(admission)), &got); err != nil || !got.Response.Allowed || got.Response.UID != "u1" || got.APIVersion != "admission.k8s.io/v1" {
		t.Fatalf("%v %+v", err, got)
	}
	conversion := `{"apiVersion":"apiextensions.k8s.io/v1","kind":"ConversionReview","request":{"uid":"u2","desiredAPIVersion":"g/v2","objects":[{"apiVersion":"g/v1","kind":"K"}]}}`
	if err := json.Unmarshal(review([]byte(conversion)), &got); err != nil || got.Response.Result.Status != "Success" || got.Response.ConvertedObjects[0]["apiVersion"] != "g/v2" || got.Response.ConvertedObjects[0]["kind"] != "K" {
		t.Fatalf("%v %+v", err, got)
	}
	for _, other := range []string{`{"kind":"Pod"}`, `[]`, `x`} {
		if review([]byte(other)) != nil {
			t.Fatal(other)
		}
	}
}
