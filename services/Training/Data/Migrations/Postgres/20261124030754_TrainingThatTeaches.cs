using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace DemoVlp.Training.Data.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class TrainingThatTeaches : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "BestEpoch",
                schema: "training",
                table: "Runs",
                type: "integer",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "BestMetrics",
                schema: "training",
                table: "Runs",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<double>(
                name: "CpuSeconds",
                schema: "training",
                table: "Runs",
                type: "double precision",
                nullable: false,
                defaultValue: 0.0);

            migrationBuilder.AddColumn<string>(
                name: "Estimate",
                schema: "training",
                table: "Runs",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "LossTerms",
                schema: "training",
                table: "Runs",
                type: "text",
                nullable: false,
                defaultValue: "both");

            migrationBuilder.AddColumn<string>(
                name: "Metrics",
                schema: "training",
                table: "Runs",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "ModelParameters",
                schema: "training",
                table: "Runs",
                type: "bigint",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "Patience",
                schema: "training",
                table: "Runs",
                type: "integer",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Preparation",
                schema: "training",
                table: "Runs",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Record",
                schema: "training",
                table: "Runs",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "SkipsValidation",
                schema: "training",
                table: "Runs",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<double>(
                name: "StepWork",
                schema: "training",
                table: "Runs",
                type: "double precision",
                nullable: true);

            migrationBuilder.AddColumn<double>(
                name: "WallSeconds",
                schema: "training",
                table: "Runs",
                type: "double precision",
                nullable: false,
                defaultValue: 0.0);

            migrationBuilder.AddColumn<string>(
                name: "Gate",
                schema: "training",
                table: "Activations",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "VideosEmbedded",
                schema: "training",
                table: "Activations",
                type: "integer",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "VideosTotal",
                schema: "training",
                table: "Activations",
                type: "integer",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "DatasetClips",
                schema: "training",
                columns: table => new
                {
                    Dataset = table.Column<string>(type: "text", nullable: false),
                    Clip = table.Column<string>(type: "text", nullable: false),
                    Split = table.Column<string>(type: "text", nullable: false),
                    Number = table.Column<int>(type: "integer", nullable: false),
                    VideoId = table.Column<Guid>(type: "uuid", nullable: false),
                    Asked = table.Column<int>(type: "integer", nullable: false),
                    AskedAt = table.Column<DateTime>(type: "timestamp with time zone", nullable: true),
                    NextAskAt = table.Column<DateTime>(type: "timestamp with time zone", nullable: false),
                    Regions = table.Column<string>(type: "text", nullable: true),
                    FailureCode = table.Column<string>(type: "text", nullable: true),
                    FailureDetail = table.Column<string>(type: "text", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_DatasetClips", x => new { x.Dataset, x.Clip });
                });

            migrationBuilder.CreateTable(
                name: "Datasets",
                schema: "training",
                columns: table => new
                {
                    Name = table.Column<string>(type: "text", nullable: false),
                    Format = table.Column<string>(type: "text", nullable: false),
                    Options = table.Column<string>(type: "text", nullable: false),
                    Splits = table.Column<string>(type: "text", nullable: false),
                    Counts = table.Column<string>(type: "text", nullable: true),
                    Unusable = table.Column<string>(type: "text", nullable: false),
                    FirstUnusable = table.Column<string>(type: "text", nullable: false),
                    FailureCode = table.Column<string>(type: "text", nullable: true),
                    FailureDetail = table.Column<string>(type: "text", nullable: true),
                    CreatedAt = table.Column<DateTime>(type: "timestamp with time zone", nullable: false),
                    DeletedAt = table.Column<DateTime>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Datasets", x => x.Name);
                });

            migrationBuilder.CreateTable(
                name: "Evaluations",
                schema: "training",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "uuid", nullable: false),
                    State = table.Column<string>(type: "text", nullable: false),
                    Model = table.Column<string>(type: "text", nullable: false),
                    Dataset = table.Column<string>(type: "text", nullable: false),
                    Split = table.Column<string>(type: "text", nullable: false),
                    Task = table.Column<string>(type: "text", nullable: false),
                    Phase = table.Column<string>(type: "text", nullable: true),
                    Done = table.Column<int>(type: "integer", nullable: true),
                    Total = table.Column<int>(type: "integer", nullable: true),
                    Samples = table.Column<int>(type: "integer", nullable: true),
                    Missing = table.Column<int>(type: "integer", nullable: true),
                    DatasetFingerprint = table.Column<string>(type: "text", nullable: true),
                    Metrics = table.Column<string>(type: "text", nullable: true),
                    MainMetric = table.Column<double>(type: "double precision", nullable: true),
                    FailureCode = table.Column<string>(type: "text", nullable: true),
                    FailureDetail = table.Column<string>(type: "text", nullable: true),
                    CancelRequested = table.Column<bool>(type: "boolean", nullable: false),
                    LeaseOwner = table.Column<string>(type: "text", nullable: true),
                    LeaseUntil = table.Column<DateTime>(type: "timestamp with time zone", nullable: true),
                    Attempts = table.Column<int>(type: "integer", nullable: false),
                    Corpus = table.Column<string>(type: "text", nullable: true),
                    CreatedAt = table.Column<DateTime>(type: "timestamp with time zone", nullable: false),
                    StartedAt = table.Column<DateTime>(type: "timestamp with time zone", nullable: true),
                    EndedAt = table.Column<DateTime>(type: "timestamp with time zone", nullable: true),
                    Version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Evaluations", x => x.Id);
                });

            migrationBuilder.CreateIndex(
                name: "IX_DatasetClips_Dataset_Split_Number",
                schema: "training",
                table: "DatasetClips",
                columns: new[] { "Dataset", "Split", "Number" });

            migrationBuilder.CreateIndex(
                name: "IX_DatasetClips_VideoId",
                schema: "training",
                table: "DatasetClips",
                column: "VideoId",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Evaluations_CreatedAt",
                schema: "training",
                table: "Evaluations",
                column: "CreatedAt");

            migrationBuilder.CreateIndex(
                name: "IX_Evaluations_Model",
                schema: "training",
                table: "Evaluations",
                column: "Model");

            migrationBuilder.CreateIndex(
                name: "IX_Evaluations_State_CreatedAt",
                schema: "training",
                table: "Evaluations",
                columns: new[] { "State", "CreatedAt" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "DatasetClips",
                schema: "training");

            migrationBuilder.DropTable(
                name: "Datasets",
                schema: "training");

            migrationBuilder.DropTable(
                name: "Evaluations",
                schema: "training");

            migrationBuilder.DropColumn(
                name: "BestEpoch",
                schema: "training",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "BestMetrics",
                schema: "training",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "CpuSeconds",
                schema: "training",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "Estimate",
                schema: "training",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "LossTerms",
                schema: "training",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "Metrics",
                schema: "training",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "ModelParameters",
                schema: "training",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "Patience",
                schema: "training",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "Preparation",
                schema: "training",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "Record",
                schema: "training",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "SkipsValidation",
                schema: "training",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "StepWork",
                schema: "training",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "WallSeconds",
                schema: "training",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "Gate",
                schema: "training",
                table: "Activations");

            migrationBuilder.DropColumn(
                name: "VideosEmbedded",
                schema: "training",
                table: "Activations");

            migrationBuilder.DropColumn(
                name: "VideosTotal",
                schema: "training",
                table: "Activations");
        }
    }
}
