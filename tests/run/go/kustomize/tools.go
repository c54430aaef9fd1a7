//go:build tools

// Package tools names the program that the tests build.
package tools

import _ "sigs.k8s.io/kustomize/kustomize/v5"
