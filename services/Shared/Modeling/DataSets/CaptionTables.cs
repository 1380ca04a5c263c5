// Captions in tab-separated files (spec section 8.4). The spec leaves the columns of the video names open; they are those of the published code (showlab/DemoVLP, data_loader).

namespace DemoVlp.Modeling.DataSets;

/// <summary>WebVid, CC3M, MSVD, DiDeMo and LSMDC.</summary>
internal static class CaptionTables
{
    private const int AnyNumber = int.MaxValue;

    /// <summary>Caption; <c>page/video</c>.</summary>
    internal static DataSetSource<CaptionItem> WebVid(DataSetRequest request)
    {
        var path = request.File(
            (DataSetSplit.Train, "webvid_training_success_full.tsv"), (DataSetSplit.Validation, "webvid_validation_success_full.tsv"), (DataSetSplit.Test, "webvid_validation_success_full.tsv"));
        return new(() => Rows(request, path, video => $"{request.RegionFolder}/{video}")) { AllFramesIfEqual = true };
    }

    /// <summary>Caption; image name, which begins with the image's number.</summary>
    internal static DataSetSource<CaptionItem> ConceptualCaptions(DataSetRequest request)
    {
        var path = request.File((DataSetSplit.Train, "cc3m_training_success_full.tsv"), (DataSetSplit.Validation, "cc3m_validation_success_full.tsv"));
        return new(() => Rows(request, path, image => $"{request.RegionFolder}/{image.Split('_')[0].PadLeft(7, '0')[..4]}/{image}"))
        {
            Images = true,
            Share = request.Split == DataSetSplit.Train ? 1 : 0.01,
        };
    }

    /// <summary>All captions of a video joined by commas; the video's name. A comma inside of a caption cannot be told from one between two.</summary>
    internal static DataSetSource<CaptionItem> Msvd(DataSetRequest request)
    {
        var path = request.File((DataSetSplit.Train, "MSVD_train.tsv"), (DataSetSplit.Validation, "MSVD_test.tsv"), (DataSetSplit.Test, "MSVD_test.tsv"));
        Func<string, string[]> split = request.Compatibility.FirstMsvdCaptionOnly
            ? text => text.Split(',')[..1]
            : text => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return new(() => TableRows.Read(request, path, 2, AnyNumber, (place, fields) => Item(request, place, fields[0], fields[1], video => video, split)));
    }

    /// <summary>All descriptions of a video joined by commas, used as one; the video's file name.</summary>
    internal static DataSetSource<CaptionItem> DiDeMo(DataSetRequest request)
    {
        var path = request.File((DataSetSplit.Train, "DiDeMo_train.tsv"), (DataSetSplit.Validation, "DiDeMo_test.tsv"), (DataSetSplit.Test, "DiDeMo_test.tsv"));
        return new(() => Rows(request, path, video => video.Split('.')[0]));
    }

    /// <summary>Clip, four times, caption (the data set's own description of its files).</summary>
    internal static DataSetSource<CaptionItem> Lsmdc(DataSetRequest request)
    {
        var path = request.File(
            (DataSetSplit.Train, "LSMDC16_annos_training.csv"), (DataSetSplit.Validation, "LSMDC16_challenge_1000_publictect.csv"), (DataSetSplit.Test, "LSMDC16_challenge_1000_publictect.csv"));
        return new(() => TableRows.Read(request, path, 6, 6, (place, fields) => Item(request, place, fields[^1], fields[0], LsmdcRegions, One)));
    }

    /// <summary>Clips lie in a folder per film: <c>0001_American_Beauty_00.00.51.926-...</c> in <c>0001_American_Beauty</c>. Empty for a name of another form.</summary>
    internal static string LsmdcRegions(string clip)
    {
        var film = clip.Split('.')[0].LastIndexOf('_');
        return film > 0 ? $"{clip[..film]}/{clip}" : "";
    }

    private static IEnumerable<Row<CaptionItem>> Rows(DataSetRequest request, string path, Func<string, string> regions) =>
        TableRows.Read(request, path, 2, AnyNumber, (place, fields) => Item(request, place, fields[0], fields[1], regions, One));

    private static string[] One(string text) => [text];

    private static Row<CaptionItem> Item(DataSetRequest request, RowPlace place, string? text, string? video, Func<string, string> regions, Func<string, string[]> split)
    {
        if (video is null) return new UnusableRow(place, "", UnusableReasons.VideoMissing, "The column with the video's name is empty.");
        var captions = text is null ? [] : split(text);
        return captions.Length == 0 || captions[0].Length == 0
            ? new UnusableRow(place, video, UnusableReasons.CaptionMissing, "The column with the caption is empty.")
            : new CaptionItem(video, captions, request.Split, place) { RegionPath = regions(video) };
    }
}
