namespace DemoVlp.Messaging;

/// <summary>Every queue: <c>&lt;service&gt;-&lt;action&gt;</c>. Two services with one name would steal each other's messages.</summary>
public static class QueueNames
{
    public const string CatalogTrackFrames = "catalog-track-frames";
    public const string CatalogTrackRegions = "catalog-track-regions";
    public const string CatalogTrackIndexed = "catalog-track-indexed";
    public const string CatalogTrackFailures = "catalog-track-failures";
    public const string CatalogTrackFaults = "catalog-track-faults";
    public const string CatalogTrackProgress = "catalog-track-progress";
    public const string CatalogTrackDetector = "catalog-track-detector";
    public const string FramesSample = "frames-sample";
    public const string FramesDelete = "frames-delete";
    public const string RegionsExtract = "regions-extract";
    public const string RegionsDelete = "regions-delete";
    public const string TextTokenize = "text-tokenize";
    public const string TextTokenizeCorpus = "text-tokenize-corpus";
    public const string TrainingStart = "training-start";
    public const string TrainingCancel = "training-cancel";
    public const string TrainingTrackLibrary = "training-track-library";
    public const string TrainingTrackDatasetClips = "training-track-dataset-clips";
    public const string TrainingTrackDetector = "training-track-detector";
    public const string TrainingTrackCorpus = "training-track-corpus";
    public const string TrainingTrackIndex = "training-track-index";
    public const string TrainingTrackEvaluation = "training-track-evaluation";
    public const string QueryIndexVideo = "query-index-video";
    public const string QueryDescribeVideo = "query-describe-video";
    public const string QueryDeleteVideo = "query-delete-video";
    public const string QueryActivateModel = "query-activate-model";
}
