package standin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"
)

const (
	storageClass = "local-path"
	provisioner  = "rancher.io/local-path"
	selectedNode = "volume.kubernetes.io/selected-node"
)

// volumes is the stand-in's local-path provisioner: k3s runs one as a Deployment, the stand-in does its work itself.
// A claim of the class gets a folder on the node that the scheduler chose; kubelet makes the folder. Every server runs
// it; names are fixed by the claim, so two of them do not make two volumes.
func volumes(ctx context.Context, s *Settings, p paths, n node) {
	if slices.Contains(splitCommas(strings.Join(s.list("disable"), ",")), "local-storage") {
		return
	}
	client, err := clientOf(p.server("cred", "supervisor.kubeconfig"))
	if err != nil {
		logf("volumes: %v", err)
		return
	}
	made := false
	every(ctx, time.Second, "volumes", func(ctx context.Context) error {
		if !made {
			if err := makeClass(ctx, client); err != nil {
				return err
			}
			made = true
		}
		if err := provision(ctx, client, filepath.Join(p.data, "storage"), n); err != nil {
			return err
		}
		return release(ctx, client, n)
	})
}

func makeClass(ctx context.Context, client kubernetes.Interface) error {
	_, err := client.StorageV1().StorageClasses().Create(ctx, &storagev1.StorageClass{
		ObjectMeta:        metav1.ObjectMeta{Name: storageClass, Annotations: map[string]string{"storageclass.kubernetes.io/is-default-class": "true"}},
		Provisioner:       provisioner,
		ReclaimPolicy:     ptr.To(corev1.PersistentVolumeReclaimDelete),
		VolumeBindingMode: ptr.To(storagev1.VolumeBindingWaitForFirstConsumer),
	}, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

func provision(ctx context.Context, client kubernetes.Interface, root string, n node) error {
	claims, err := client.CoreV1().PersistentVolumeClaims("").List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return err
	}
	for _, claim := range claims.Items {
		chosen := claim.Annotations[selectedNode]
		if claim.Status.Phase != corev1.ClaimPending || claim.Spec.VolumeName != "" || chosen == "" ||
			ptr.Deref(claim.Spec.StorageClassName, "") != storageClass {
			continue
		}
		name := "pvc-" + string(claim.UID)
		volume := &corev1.PersistentVolume{
			ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{"pv.kubernetes.io/provisioned-by": provisioner}},
			Spec: corev1.PersistentVolumeSpec{
				Capacity: claim.Spec.Resources.Requests, AccessModes: claim.Spec.AccessModes, VolumeMode: claim.Spec.VolumeMode,
				PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimDelete, StorageClassName: storageClass,
				ClaimRef: &corev1.ObjectReference{APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID},
				PersistentVolumeSource: corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{
					Path: filepath.Join(root, fmt.Sprintf("%s_%s_%s", name, claim.Namespace, claim.Name)), Type: ptr.To(corev1.HostPathDirectoryOrCreate)}},
				NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
					MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{chosen}}}}}}},
			},
		}
		// 0777 for pods that do not run as root, as k3s's provisioner does; for agents see openFolders.
		if chosen == n.name {
			path := volume.Spec.HostPath.Path
			if err := errors.Join(os.MkdirAll(path, 0o777), os.Chmod(path, 0o777)); err != nil {
				return err
			}
		}
		if _, err := client.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
		logf("volumes: %s/%s is %s on %s", claim.Namespace, claim.Name, name, chosen)
	}
	return nil
}

// openFolders does on agents what k3s's provisioner does through a pod: kubelet makes a volume's folder with 0755, and
// pods that do not run as root need 0777.
func openFolders(ctx context.Context, p paths) {
	every(ctx, 100*time.Millisecond, "volumes", func(context.Context) error {
		folders, err := filepath.Glob(filepath.Join(p.data, "storage", "pvc-*"))
		if err != nil {
			return err
		}
		for _, folder := range folders {
			inside, err := os.ReadDir(folder)
			if err != nil || len(inside) > 0 { // what a pod has used is the pod's affair
				continue
			}
			if info, err := os.Stat(folder); err == nil && info.Mode().Perm() == 0o755 {
				err = os.Chmod(folder, 0o777)
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// release takes volumes away whose claim is gone: the folder where this host holds it, then the object. Folders of
// agents stay (nobody of the stand-in works there for the API); the README says so.
func release(ctx context.Context, client kubernetes.Interface, n node) error {
	all, err := client.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return err
	}
	for _, volume := range all.Items {
		if volume.Status.Phase != corev1.VolumeReleased || volume.Annotations["pv.kubernetes.io/provisioned-by"] != provisioner ||
			volume.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimDelete || volume.Spec.HostPath == nil {
			continue
		}
		terms := volume.Spec.NodeAffinity.Required.NodeSelectorTerms
		if slices.Contains(terms[0].MatchExpressions[0].Values, n.name) {
			if err := os.RemoveAll(volume.Spec.HostPath.Path); err != nil {
				return err
			}
		}
		if err := client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	return nil
}
