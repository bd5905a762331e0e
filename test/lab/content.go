//go:build content

package lab

import _ "github.com/stefanprodan/podinfo/pkg/version"
