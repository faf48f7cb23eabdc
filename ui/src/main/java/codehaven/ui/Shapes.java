package codehaven.ui;

import codehaven.model.DeploymentStatus;

/** The shape of a status where only characters can be, such as the title of a tab. */
final class Shapes {

    private Shapes() {}

    static String of(DeploymentStatus status) {
        return switch (status) {
            case QUEUED -> "◌";
            case CLONING -> "◔";
            case UPLOADING -> "◑";
            case BUILDING -> "◕";
            case PUBLISHING -> "●";
            case READY -> "✓";
            case FAILED -> "✕";
            case CANCELED -> "⊘";
            case SUPERSEDED -> "»";
        };
    }
}
