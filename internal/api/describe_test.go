package api_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"sutor/internal/api"
)

// What stands beside a member in the code is told by the API's description of itself,
// of structs that are part of others too.
func TestMembersAreDescribed(t *testing.T) {
	t.Parallel()
	var doc struct {
		Components struct {
			Schemas map[string]struct {
				Description string
				Properties  map[string]struct{ Description string }
			}
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, newServer(t, &recorder{}, api.Options{}).URL+"/api/v1/openapi.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer maria")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&doc); err != nil {
		t.Fatal(err)
	}
	for schema, members := range map[string][]string{"Change": {"why", "blocked", "may", "members", "split_into"}, "Finding": {"examples", "ranges", "who"},
		"Differences": {"says", "other"}, "Column": {"say", "masked"}, "Sizes": {"artifacts"}} {
		s := doc.Components.Schemas[schema]
		if s.Description == "" {
			t.Errorf("%s is not described", schema)
		}
		for _, m := range members {
			if s.Properties[m].Description == "" {
				t.Errorf("%s.%s is not described", schema, m)
			}
		}
	}
	described := 0
	for _, s := range doc.Components.Schemas {
		for _, p := range s.Properties {
			if p.Description != "" {
				described++
			}
		}
	}
	if described < 150 {
		t.Errorf("%d members are described", described)
	}
}
