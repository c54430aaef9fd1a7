//go:build tools

// Package tools names the program that the tests build.
package tools

import _ "k8s.io/kubernetes/cmd/kube-apiserver"
