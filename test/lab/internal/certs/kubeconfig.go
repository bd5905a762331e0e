package certs

import (
	"fmt"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Kubeconfig returns a kubeconfig whose context, cluster and user are all
// named after the cluster, with everything inline: it works from any folder,
// and as the content of a Secret.
func Kubeconfig(cluster, server string, caPEM []byte, client Pair) ([]byte, error) {
	config := clientcmdapi.NewConfig()
	config.Clusters[cluster] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: caPEM}
	config.AuthInfos[cluster] = &clientcmdapi.AuthInfo{
		ClientCertificateData: client.Cert, ClientKeyData: client.Key,
	}
	config.Contexts[cluster] = &clientcmdapi.Context{Cluster: cluster, AuthInfo: cluster}
	config.CurrentContext = cluster
	data, err := clientcmd.Write(*config)
	if err != nil {
		return nil, fmt.Errorf("write the kubeconfig of cluster %q: %w", cluster, err)
	}
	return data, nil
}
