using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace DemoVlp.Training.Data.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class Evaluations : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
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
                name: "Evaluations",
                schema: "training");

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
